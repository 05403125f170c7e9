# SPDX-License-Identifier: Apache-2.0
"""The JSON in the body of an answer, parsed within bounds."""

from __future__ import annotations

import json
import re

from . import errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# IMDS's documents take a few KiB, with 50 tags at full length about 50 KiB.
MAX_BYTES = 1024 * 1024
# As many digits as Python reads and writes by default.
_LONGEST_NUMBER = 4300
# An escaped backslash or a pair of surrogates, which stay; or a surrogate alone.
_SURROGATE = re.compile(r"(\\\\|\\u[dD][89abAB]..\\u[dD][c-fC-F]..)|\\u[dD][89a-fA-F]..")


def parse_json(body: bytes, *, most: int = MAX_BYTES, lone: str = "\\ufffd") -> Any:
    """Return the JSON value in a body, nested however deep; the last of equal keys wins.

    `lone` takes the place of a lone surrogate. Raises InvalidError for a body that is over `most` bytes, HTML, not
    UTF-8 (a BOM is accepted), not JSON, or holds NaN or Infinity; with `is_broken_json` where it may have been cut.
    """
    check_size(body, most=most)
    text = _decode(body)
    if text.lstrip().startswith("<"):
        raise errors.InvalidError("The answer is a page of HTML or XML, not JSON.")
    try:
        whole = _SURROGATE.sub(lambda found: found[1] or lone, text)
        return json.loads(whole, parse_constant=_refuse_constant, parse_float=_parse_float, parse_int=_parse_int)
    except RecursionError:
        raise errors.InvalidError("The answer is nested far too deep.") from None
    except json.JSONDecodeError as error:
        wrong = error.msg.lower().replace(" at", "")
        problem = f"The answer is not whole JSON: {wrong} at character {error.pos} of {len(text)}."
        raise errors.InvalidError(problem, is_broken_json=True) from None


def check_size(body: bytes, *, most: int = MAX_BYTES) -> None:
    """Raise InvalidError for a body of over `most` bytes."""
    if len(body) > most:
        raise errors.InvalidError("The answer is over 1 MiB, which no IMDS document is.")


def _decode(body: bytes) -> str:
    try:
        text = body.decode()
        return text[1:] if text.startswith("\ufeff") else text
    except UnicodeDecodeError as error:
        # A character without its end at the end of the body was cut off; anything else never was UTF-8.
        is_cut = error.end == len(body) and error.reason == "unexpected end of data"
        raise errors.InvalidError("The answer is not UTF-8.", is_broken_json=is_cut) from None


def _refuse_constant(name: str) -> None:
    raise errors.InvalidError(f"The answer holds {name}, which is not JSON.", hint=errors.HINT_BROKEN)


def _parse_float(digits: str) -> float:
    number = float(digits)
    if abs(number) == float("inf"):
        raise _too_large()
    return number


def _parse_int(digits: str) -> int:
    # Python takes quadratic time over the digits, or refuses; IMDS has no number of over 20 of them.
    if len(digits.lstrip("-")) > _LONGEST_NUMBER:
        raise _too_large()
    return int(digits)


def _too_large() -> errors.InvalidError:
    return errors.InvalidError("The answer holds a number that is too large.", hint=errors.HINT_BROKEN)
