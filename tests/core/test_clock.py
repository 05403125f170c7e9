# SPDX-License-Identifier: Apache-2.0
"""Test deadlines and the spelling of times."""

from __future__ import annotations

import pytest
from azure_imds_facts.core.clock import Clock, Deadline, format_time

from tests.support.clocks import ManualClock


def test_deadline(clock: ManualClock) -> None:
    """It counts down to nothing, and one within it is never later."""
    deadline = Deadline(5.0, clock)
    clock.advance(2.0)
    assert (deadline.remaining, deadline.elapsed) == (3.0, 2.0)
    assert deadline.within(1.0).remaining == 1.0
    assert deadline.within(10.0).remaining == 3.0
    clock.advance(10.0)
    assert (deadline.remaining, deadline.elapsed) == (0.0, 12.0)
    assert deadline.within(10.0).remaining == 0.0


@pytest.mark.parametrize(
    ("seconds", "expected"), [(0.0, "1970-01-01T00:00:00Z"), (1_700_000_000.9, "2023-11-14T22:13:20Z")]
)
def test_format_time(seconds: float, expected: str) -> None:
    """Times are RFC 3339 in UTC."""
    assert format_time(seconds) == expected


def test_clock() -> None:
    """The machine's clocks run forwards, and chance is between 0 and 1."""
    clock = Clock()
    assert clock.monotonic() <= clock.monotonic()
    assert clock.boottime() <= clock.boottime()
    assert 0.0 <= clock.random() < 1.0
    assert clock.time() > 1_600_000_000
    clock.sleep(0.0)
