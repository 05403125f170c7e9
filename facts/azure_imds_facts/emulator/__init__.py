# SPDX-License-Identifier: Apache-2.0
"""An Azure Instance Metadata Service on this machine, for tests and demonstrations."""

from __future__ import annotations

from .emulator import Emulator
from .errors import EmulatorError

__all__ = ["Emulator", "EmulatorError"]
