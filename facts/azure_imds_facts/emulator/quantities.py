# SPDX-License-Identifier: Apache-2.0
"""Numbers and durations in flags, scenario files and fault scripts."""

from __future__ import annotations

import math
import re

from .errors import EmulatorError

__all__ = ["parse_duration", "parse_number"]

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)?")
_UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def parse_duration(text: str) -> float:
    """Return the seconds of `2s`, `500ms`, `1.5`, `15m` or `6h`.

    Raises:
        EmulatorError: the text has another form.
    """
    match = _DURATION.fullmatch(text)
    if match is None:
        raise EmulatorError(f"invalid duration {text!r}; allowed: a number with ms, s, m or h, such as 2s")
    return float(match[1]) * _UNIT_S[match[2] or "s"]


def parse_number(text: str) -> float:
    """Return a number of 0 or more.

    Raises:
        EmulatorError: the text is not such a number.
    """
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number < math.inf:
        raise EmulatorError(f"expected a number of 0 or more, not {text!r}")
    return number
