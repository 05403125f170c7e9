# SPDX-License-Identifier: Apache-2.0
"""Read the JSON in an answer's body, within bounds: whatever answers there, no more than an error comes of it."""

from __future__ import annotations

import json

from . import errors
from .document import BROKEN, MAX_BODY, MAX_DEPTH, NOT_IMDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# As many digits as Python reads and writes without being told to.
_LONGEST_NUMBER = 4300


def parse_json(body: bytes) -> Any:
    """Return the JSON value in an answer's body, lone surrogates replaced with U+FFFD; of equal keys the last wins.

    Raises InvalidError for what is over 1 MiB, HTML, not UTF-8 (a BOM is accepted), not JSON, NaN or Infinity, or
    nested over 64 deep; `is_broken_json` where the body may have been cut short on its way.
    """
    if len(body) > MAX_BODY:
        raise errors.InvalidError("The answer is over 1 MiB, which no IMDS document is.", hint=NOT_IMDS)
    text = _decode(body)
    if text.lstrip().startswith("<"):
        raise errors.InvalidError("The answer is a page of HTML or XML, not JSON.", hint=NOT_IMDS)
    try:
        value = json.loads(text, parse_constant=_refuse_constant, parse_float=_parse_float, parse_int=_parse_int)
    except RecursionError:
        raise errors.InvalidError(f"The answer is nested over {MAX_DEPTH} deep.", hint=NOT_IMDS) from None
    except json.JSONDecodeError as error:
        wrong = error.msg.lower().replace(" at", "")
        problem = f"The answer is not whole JSON: {wrong} at character {error.pos} of {len(text)}."
        raise errors.InvalidError(problem, hint=NOT_IMDS, is_broken_json=True) from None
    _check_depth(value)
    return _replace_surrogates(value) if "\\ud" in text.lower() else value


def _decode(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # A character that lacks its end at the end of the body was cut off; anything else never was UTF-8.
        is_cut = error.end == len(body) and error.reason == "unexpected end of data"
        raise errors.InvalidError("The answer is not UTF-8.", hint=NOT_IMDS, is_broken_json=is_cut) from None


def _refuse_constant(name: str) -> None:
    raise errors.InvalidError(f"The answer holds {name}, which is not JSON.", hint=BROKEN)


def _parse_float(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise errors.InvalidError("The answer holds a number that is too large.", hint=BROKEN)
    return number


def _parse_int(digits: str) -> int:
    # Python takes quadratic time over the digits, or refuses; IMDS has no number over 20 of them.
    if len(digits.lstrip("-")) > _LONGEST_NUMBER:
        raise errors.InvalidError("The answer holds a number that is too large.", hint=BROKEN)
    return int(digits)


def _check_depth(value: object) -> None:
    """Walk level by level: a document can be nested deeper than this interpreter's stack."""
    level, depth = [value], 0
    while level:
        level = [child for node in level if isinstance(node, (dict, list)) for child in _children(node)]
        depth += 1
        if depth >= MAX_DEPTH and any(isinstance(node, (dict, list)) for node in level):
            raise errors.InvalidError(f"The answer is nested over {MAX_DEPTH} deep.", hint=NOT_IMDS)


def _children(node: dict[str, object] | list[object]) -> list[object]:
    return list(node.values()) if isinstance(node, dict) else node


def _replace_surrogates(value: Any) -> Any:
    text = json.dumps(value, ensure_ascii=False).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return json.loads(text)
