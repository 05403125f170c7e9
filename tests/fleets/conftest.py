# SPDX-License-Identifier: Apache-2.0
"""What the tests of fleets share."""

from __future__ import annotations

from tests.e2e.conftest import shell

__all__ = ["shell"]
