# SPDX-License-Identifier: Apache-2.0
"""Numbers and lengths of time as people write them."""

from __future__ import annotations

import math
import re

from .errors import EmulatorError

__all__ = ["parse_duration", "parse_number"]

_FORM = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)?")
_UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def parse_duration(text: str) -> float:
    """Return seconds for `2s`, `500ms`, `1.5`, `15m` or `6h`.

    Raises:
        EmulatorError: the text is none of these.
    """
    match = _FORM.fullmatch(text)
    if match is None:
        raise EmulatorError(f"{text!r} is no duration; allowed: a number with ms, s, m or h, such as 2s")
    return float(match[1]) * _UNIT_S[match[2] or "s"]


def parse_number(text: str) -> float:
    """Return a number of 0 or more.

    Raises:
        EmulatorError: the text is none.
    """
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number < math.inf:
        raise EmulatorError(f"expected a number of 0 or more, not {text!r}")
    return number
