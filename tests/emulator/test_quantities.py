# SPDX-License-Identifier: Apache-2.0
"""Numbers and durations."""

from __future__ import annotations

import pytest
from azure_imds_facts.emulator import EmulatorError
from azure_imds_facts.emulator.quantities import parse_duration, parse_number


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
