# SPDX-License-Identifier: Apache-2.0
"""Read the JSON in an answer's body, within bounds: whatever answers there, no more than an error comes of it."""

from __future__ import annotations

import json

from . import document, errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# As many digits as Python reads and writes without being told to.
_LONGEST_NUMBER = 4300


def parse_json(body: bytes) -> Any:
    """Return the JSON value in an answer's body, lone surrogates replaced with U+FFFD; of equal keys the last wins.

    Raises InvalidError for what is over 1 MiB, HTML, not UTF-8 (a BOM is accepted), not JSON, NaN or Infinity;
    `is_broken_json` where the body may have been cut short on its way. How deep the value is nested `document.redact`
    finds out, which walks all of it anyway.
    """
    if len(body) > document.MAX_BODY:
        raise errors.InvalidError("The answer is over 1 MiB, which no IMDS document is.", hint=document.NOT_IMDS)
    text = _decode(body)
    if text.lstrip().startswith("<"):
        raise errors.InvalidError("The answer is a page of HTML or XML, not JSON.", hint=document.NOT_IMDS)
    try:
        value = json.loads(text, parse_constant=_refuse_constant, parse_float=_parse_float, parse_int=_parse_int)
        return _replace_surrogates(value) if "\\ud" in text.lower() else value
    except RecursionError:
        raise errors.InvalidError(document.TOO_DEEP, hint=document.NOT_IMDS) from None
    except json.JSONDecodeError as error:
        wrong = error.msg.lower().replace(" at", "")
        problem = f"The answer is not whole JSON: {wrong} at character {error.pos} of {len(text)}."
        raise errors.InvalidError(problem, hint=document.NOT_IMDS, is_broken_json=True) from None


def _decode(body: bytes) -> str:
    try:
        text = body.decode()
        return text[1:] if text.startswith("\ufeff") else text
    except UnicodeDecodeError as error:
        # A character that lacks its end at the end of the body was cut off; anything else never was UTF-8.
        is_cut = error.end == len(body) and error.reason == "unexpected end of data"
        raise errors.InvalidError("The answer is not UTF-8.", hint=document.NOT_IMDS, is_broken_json=is_cut) from None


def _refuse_constant(name: str) -> None:
    raise errors.InvalidError(f"The answer holds {name}, which is not JSON.", hint=document.BROKEN)


def _parse_float(digits: str) -> float:
    number = float(digits)
    if abs(number) == float("inf"):
        raise errors.InvalidError("The answer holds a number that is too large.", hint=document.BROKEN)
    return number


def _parse_int(digits: str) -> int:
    # Python takes quadratic time over the digits, or refuses; IMDS has no number over 20 of them.
    if len(digits.lstrip("-")) > _LONGEST_NUMBER:
        raise errors.InvalidError("The answer holds a number that is too large.", hint=document.BROKEN)
    return int(digits)


def _replace_surrogates(value: Any) -> Any:
    text = json.dumps(value, ensure_ascii=False).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return json.loads(text)
