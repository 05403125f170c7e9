# SPDX-License-Identifier: Apache-2.0
"""An Azure Instance Metadata Service on this machine, for tests and demonstrations."""

from __future__ import annotations

from .emulator import Emulator
from .errors import EmulatorError
from .fleet.emulated_fleet import EmulatedFleet

__all__ = ["EmulatedFleet", "Emulator", "EmulatorError"]
