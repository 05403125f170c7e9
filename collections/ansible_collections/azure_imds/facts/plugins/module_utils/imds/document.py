# SPDX-License-Identifier: Apache-2.0
"""Read IMDS's JSON, refuse what is not a document of `/metadata/instance`, and leave sensitive fields out.

Every process on a VM can read these from IMDS; facts travel further: to fact caches, to the Salt master, into files.
"""

from __future__ import annotations

import json
import re

from .errors import InvalidError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from .record import JsonObject


# What `reveal` calls them -> IMDS's own field names, in lower case. `customData` is documented as disabled and has been
# seen with content; the two URLs name the keys of Azure Disk Encryption in a key vault.
SENSITIVE = {
    "user_data": ("userdata",),
    "custom_data": ("customdata",),
    "public_keys": ("publickeys",),
    "admin_username": ("adminusername",),
    "disk_encryption": ("secreturl", "keyurl"),
}


def redact(value: Any, *, reveal: Iterable[str] = ()) -> Any:
    """Return a copy of a JSON value without the fields named sensitive, at any depth, inside lists too.

    Field names are compared without case. `reveal` holds keys of `SENSITIVE` whose fields are kept.
    """
    kept = {field for name in reveal for field in SENSITIVE[name]}
    dropped = {field for fields in SENSITIVE.values() for field in fields}.difference(kept)
    return _without(value, dropped)


def _without(value: Any, dropped: set[str]) -> Any:
    if isinstance(value, dict):
        return {key: _without(item, dropped) for key, item in value.items() if key.casefold() not in dropped}
    if isinstance(value, list):
        return [_without(item, dropped) for item in value]
    return value


# IMDS's documents take a few KiB, with 50 tags at full length about 50 KiB; what is larger is something else.
MAX_BODY = 1024 * 1024


MAX_DEPTH = 64
# As many digits as Python reads and writes without being told to.
_LONGEST_NUMBER = 4300
_SURROGATE = re.compile("[\ud800-\udfff]")
_NOT_IMDS = "Something else answers at this address: look for a captive portal, a proxy or a wrong endpoint."
_BROKEN = (
    "Look for something between this machine and IMDS; if the document itself is at fault, say so to Azure support."
)


def parse_json(body: bytes) -> Any:
    """Return the JSON value in an answer's body, lone surrogates replaced with U+FFFD; of equal keys the last wins.

    Raises InvalidError for what is over 1 MiB, HTML, not UTF-8 (a BOM is accepted), not JSON, NaN or Infinity, or
    nested over 64 deep; `is_broken_json` where the body may have been cut short on its way.
    """
    if len(body) > MAX_BODY:
        raise InvalidError("The answer is over 1 MiB, which no IMDS document is.", hint=_NOT_IMDS)
    text = _decode(body)
    if text.lstrip().startswith("<"):
        raise InvalidError("The answer is a page of HTML or XML, not JSON.", hint=_NOT_IMDS)
    try:
        value = json.loads(text, parse_constant=_refuse_constant, parse_float=_parse_float, parse_int=_parse_int)
    except RecursionError:
        raise InvalidError(f"The answer is nested over {MAX_DEPTH} deep.", hint=_NOT_IMDS) from None
    except json.JSONDecodeError as error:
        problem = f"The answer is not whole JSON: {error.msg.lower()} at character {error.pos} of {len(text)}."
        raise InvalidError(problem, hint=_NOT_IMDS, is_broken_json=True) from None
    _check_depth(value)
    return _replace_surrogates(value) if "\\ud" in text.lower() else value


def validate_document(document: object) -> JsonObject:
    """Return a document of `/metadata/instance`, its null sections left out.

    Raises InvalidError where it is not an object, has neither compute nor network, or a section of the wrong type.
    IMDS may answer with one of the two missing (recorded), so one is enough.
    """
    if not isinstance(document, dict):
        raise InvalidError("The answer is JSON, but not an object.", hint=_NOT_IMDS)
    sections = {name: document[name] for name in ("compute", "network") if document.get(name) is not None}
    if not sections:
        raise InvalidError("The answer has neither compute nor network in it.", hint=_NOT_IMDS)
    for name, section in sections.items():
        if not isinstance(section, dict):
            raise InvalidError(f"The document's {name} is not an object.", hint=_BROKEN)
    if not isinstance(sections.get("network", {}).get("interface", []), list):
        raise InvalidError("The document's network.interface is not a list.", hint=_BROKEN)
    if not isinstance(sections.get("compute", {}).get("tags"), (str, type(None))):
        raise InvalidError("The document's compute.tags is neither a string nor null.", hint=_BROKEN)
    return {name: section for name, section in document.items() if section is not None}


def is_partial(document: JsonObject) -> bool:
    """Return whether compute or network is missing, as IMDS answers when one of its back ends fails (recorded)."""
    return not {"compute", "network"}.issubset(document)


def _decode(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # A character that lacks its end at the end of the body was cut off; anything else never was UTF-8.
        is_cut = error.end == len(body) and error.reason == "unexpected end of data"
        raise InvalidError("The answer is not UTF-8.", hint=_NOT_IMDS, is_broken_json=is_cut) from None


def _refuse_constant(name: str) -> None:
    raise InvalidError(f"The answer holds {name}, which is not JSON.", hint=_BROKEN)


def _parse_float(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise InvalidError("The answer holds a number that is too large.", hint=_BROKEN)
    return number


def _parse_int(digits: str) -> int:
    # Python takes quadratic time over the digits, or refuses; IMDS has no number over 20 of them.
    if len(digits.lstrip("-")) > _LONGEST_NUMBER:
        raise InvalidError("The answer holds a number that is too large.", hint=_BROKEN)
    return int(digits)


def _check_depth(value: object) -> None:
    """Walk level by level: a document can be nested deeper than this interpreter's stack."""
    level, depth = [value], 0
    while level:
        level = [child for node in level if isinstance(node, (dict, list)) for child in _children(node)]
        depth += 1
        if depth >= MAX_DEPTH and any(isinstance(node, (dict, list)) for node in level):
            raise InvalidError(f"The answer is nested over {MAX_DEPTH} deep.", hint=_NOT_IMDS)


def _children(node: dict[str, object] | list[object]) -> list[object]:
    return list(node.values()) if isinstance(node, dict) else node


def _replace_surrogates(value: object) -> object:
    if isinstance(value, str):
        return _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", value)
    if isinstance(value, dict):
        return {
            _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", key): _replace_surrogates(item) for key, item in value.items()
        }
    if isinstance(value, list):
        return [_replace_surrogates(item) for item in value]
    return value
