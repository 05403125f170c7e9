# SPDX-License-Identifier: Apache-2.0
"""JSON of the control socket: what IMDS could serve again, and nothing that Python accepts beyond it."""

from __future__ import annotations

import json
import math
from typing import Any

from azure_imds_facts.emulator.errors import EmulatorError, format_value

__all__ = ["parse_strict_json"]

_DEEPEST = 32


def parse_strict_json(body: bytes) -> object:
    """Parse JSON of finite numbers and of text that is Unicode, nested up to 32 deep.

    Raises:
        EmulatorError: it is not JSON, or has NaN, an infinite number, a lone surrogate or more levels.
    """
    try:
        parsed = json.loads(body, parse_float=_parse_float, parse_constant=_reject_constant)
        json.dumps(parsed, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise EmulatorError(f"not JSON (a lone surrogate, {format_value(error.object[error.start])})") from error
    except RecursionError as error:
        raise EmulatorError(_TOO_DEEP) from error
    except ValueError as error:
        raise EmulatorError(f"not JSON ({error})") from error
    _check_depth(parsed)
    return parsed


_TOO_DEEP = f"nested too deeply; allowed: {_DEEPEST} levels"


def _parse_float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise EmulatorError(f"number {format_value(text)} is too large")
    return number


def _reject_constant(name: str) -> Any:
    raise EmulatorError(f"not JSON ({name} is not a number in JSON)")


def _check_depth(value: object) -> None:
    level = [value]
    for _ in range(_DEEPEST):
        children = [
            each.values() if isinstance(each, dict) else each for each in level if isinstance(each, (dict, list))
        ]
        level = [child for each in children for child in each]
        if not level:
            return
    raise EmulatorError(_TOO_DEEP)
