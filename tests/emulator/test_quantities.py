# SPDX-License-Identifier: Apache-2.0
"""Numbers and durations."""

from __future__ import annotations

import pytest
from azure_imds_facts.emulator import Emulator, EmulatorError
from azure_imds_facts.emulator.quantities import (
    LONGEST_S,
    check_duration,
    check_number,
    check_whole_number,
    parse_duration,
    parse_number,
)


@pytest.mark.parametrize(
    ("text", "seconds"), [("2s", 2), ("500ms", 0.5), ("1.5", 1.5), ("15m", 900), ("6h", 21600), ("0", 0)]
)
def test_durations(text: str, seconds: float) -> None:
    """A number has a unit, or is in seconds."""
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "-1s", "1d", "1 s", "s", "1e3", "nan"])
def test_invalid_durations(text: str) -> None:
    """Any other form is rejected with an example."""
    with pytest.raises(EmulatorError, match="such as 2s"):
        parse_duration(text)


def test_numbers() -> None:
    """Numbers are 0 or more."""
    assert [parse_number(text) for text in ("0", "2.5", "1e3")] == [0, 2.5, 1000]


@pytest.mark.parametrize("text", ["", "x", "-1", "nan", "inf"])
def test_invalid_numbers(text: str) -> None:
    """Negative, infinite and undefined numbers are rejected."""
    with pytest.raises(EmulatorError, match="expected a number of 0 or more"):
        parse_number(text)


@pytest.mark.parametrize("value", [None, True, -1, float("nan"), float("inf"), 10**400, "5", [5]])
def test_what_is_no_number(value: object) -> None:
    """A number from Python or JSON is finite, 0 or more, and neither text nor a truth value."""
    with pytest.raises(EmulatorError, match="expected a number of 0 or more, not"):
        check_number(value)
    assert (check_number(5), check_number(0.5)) == (5, 0.5)


def test_a_duration_is_a_leap_year_at_most() -> None:
    """Durations are text or numbers up to a leap year, so that each time that follows can be written."""
    assert [check_duration(value) for value in (LONGEST_S, "8784h", 0, "1m")] == [LONGEST_S, LONGEST_S, 0, 60]
    for value in (LONGEST_S + 1, "8785h", "999999999999h"):
        with pytest.raises(EmulatorError, match="a leap year"):
            check_duration(value)


@pytest.mark.parametrize("value", [None, True, 1.0, -2, 11, "11", "1.0", "x", "9" * 5000])
def test_what_is_no_whole_number(value: object) -> None:
    """A whole number is text or an int within its range."""
    with pytest.raises(EmulatorError, match="is not a whole number from -1 to 10"):
        check_whole_number(value, least=-1, most=10)
    assert [check_whole_number(each, least=-1, most=10) for each in (-1, "10")] == [-1, 10]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("event_clock", float("nan")),
        ("event_clock", 0),
        ("event_clock", 1e7),
        ("rate_limit", -1),
        ("retry_after", 1e300),
    ],
)
def test_arguments_from_python(name: str, value: float) -> None:
    """A number that flags could not give is refused as an argument as well."""
    with pytest.raises(EmulatorError, match=name.replace("event_clock", "event.clock")):
        Emulator(**{name: value})
