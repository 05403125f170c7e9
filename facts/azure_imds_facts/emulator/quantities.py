# SPDX-License-Identifier: Apache-2.0
"""Numbers and durations in flags, scenario files, fault scripts, control input and arguments of `Emulator`."""

from __future__ import annotations

import math
import re

from .errors import EmulatorError, format_value

__all__ = [
    "LONGEST_S",
    "check_duration",
    "check_number",
    "check_whole_number",
    "parse_duration",
    "parse_number",
    "read_number",
]

# A leap year, so that every time that follows from a duration is a date that can be written.
LONGEST_S = 366 * 24 * 3600
_DURATION = re.compile(r"(\d{1,12}(?:\.\d{1,12})?)(ms|s|m|h)?", re.ASCII)
_UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_WHOLE = re.compile(r"-?\d{1,12}", re.ASCII)


def parse_duration(text: str) -> float:
    """Return the seconds of `2s`, `500ms`, `1.5`, `15m` or `6h`.

    Raises:
        EmulatorError: the text has another form, or is more than a leap year.
    """
    match = _DURATION.fullmatch(text)
    if match is None:
        raise EmulatorError(f"invalid duration {format_value(text)}; allowed: a number with ms, s, m or h, such as 2s")
    return check_duration(float(match[1]) * _UNIT_S[match[2] or "s"])


def check_duration(value: object) -> float:
    """Return the seconds of a duration that is text or a number.

    Raises:
        EmulatorError: it is neither, negative, or more than a leap year.
    """
    if isinstance(value, str):
        return parse_duration(value)
    seconds = check_number(value)
    if seconds > LONGEST_S:
        raise EmulatorError(f"invalid duration {format_value(value)}; allowed: up to {LONGEST_S} seconds, a leap year")
    return seconds


def parse_number(text: str) -> float:
    """Return a number of 0 or more.

    Raises:
        EmulatorError: the text is not such a number.
    """
    try:
        return check_number(float(text))
    except (ValueError, EmulatorError):
        raise EmulatorError(f"expected a number of 0 or more, not {format_value(text)}") from None


def check_number(value: object) -> float:
    """Return a number of 0 or more. True, NaN, infinity and what no float can hold are none.

    Raises:
        EmulatorError: it is not such a number.
    """
    number = math.nan
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:  # a whole number of more than 308 digits
            number = math.inf
    if not 0 <= number < math.inf:
        raise EmulatorError(f"expected a number of 0 or more, not {format_value(value)}")
    return number


def read_number(value: object) -> float:
    """Return a number of 0 or more that is text or a number.

    Raises:
        EmulatorError: it is neither.
    """
    return parse_number(value) if isinstance(value, str) else check_number(value)


def check_whole_number(value: object, *, least: int, most: int) -> int:
    """Return a whole number that is text or a number.

    Raises:
        EmulatorError: it is neither, or out of range.
    """
    number = int(value) if isinstance(value, str) and _WHOLE.fullmatch(value) else value
    if not isinstance(number, int) or isinstance(number, bool) or not least <= number <= most:
        raise EmulatorError(f"{format_value(value)} is not a whole number from {least} to {most}")
    return number
