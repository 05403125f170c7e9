# SPDX-License-Identifier: Apache-2.0
"""Test deadlines, and how times are written and read."""

from __future__ import annotations

import pytest
from azure_imds_facts.core.clock import Clock, Deadline, format_time, parse_date
from hypothesis import given
from hypothesis import strategies as st

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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mon, 19 Sep 2016 18:29:47 GMT", 1474309787.0),
        ("Mon, 19 Sep 2016 20:29:47 +0200", 1474309787.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("", None),
        (None, None),
        (5, None),
        ("soon", None),
        ("Mon, 19 Sep", None),
        ("Mon, 99 Foo 2016 18:29:47 GMT", None),
    ],
)
def test_parse_date(text: object, expected: float | None) -> None:
    """A date of RFC 1123 becomes seconds since 1970, anything else None."""
    assert parse_date(text) == expected


@given(st.text(max_size=40) | st.from_regex(r"Mon, \d{1,12} Sep \d{1,12} \d{1,9}:\d{1,9}:\d{1,9} [+-]\d{1,9}"))
def test_any_text(text: str) -> None:
    """Whatever the text, it never raises."""
    parse_date(text)
