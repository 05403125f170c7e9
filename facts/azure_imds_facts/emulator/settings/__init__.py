# SPDX-License-Identifier: Apache-2.0
"""Settings of an emulator, and the flags and scenario files that they are read from."""

from __future__ import annotations

from .table import Settings

__all__ = ["Settings"]
