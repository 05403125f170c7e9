# SPDX-License-Identifier: Apache-2.0
"""Test what is made of what Windows says of its start."""

from __future__ import annotations

import struct
import sys

import pytest
from azure_imds_facts.core.windows import system


def test_a_changed_clock_changes_nothing() -> None:
    """Windows moves the time of its start with the clock, and counts by how much."""
    before = struct.pack("<qqqIIQQ", 1000, 5000, 0, 1, 0, 0, 0)
    later = struct.pack("<qqqIIqQ", 1000 + 77, 9000, 0, 1, 0, 77, 4)
    earlier = struct.pack("<qqqIIqQ", 1000 - 77, 9000, 0, 1, 0, -77, 4)
    assert {system.parse_time_of_day(filled) for filled in (before, later, earlier)} == {1000}


@pytest.mark.skipif(sys.platform == "win32", reason="there Windows answers")
def test_elsewhere_there_is_nothing() -> None:
    """No other system has these calls."""
    assert (system.read_firmware_table(), system.read_start()) == (b"", None)
