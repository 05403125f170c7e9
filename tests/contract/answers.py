# SPDX-License-Identifier: Apache-2.0
"""What one answer of `/metadata/instance` means (contract, section 3)."""

from __future__ import annotations

import json
from typing import Any

EXIT_CODES = {
    "ok": 0,
    "usage": 2,
    "not_azure": 3,
    "unreachable": 4,
    "throttled": 5,
    "unavailable": 6,
    "rejected": 7,
    "invalid": 8,
}
SIZE_LIMIT = 1024 * 1024
DEPTH_LIMIT = 16


class NotImds(ValueError):
    """What answered is not IMDS."""


def name_outcome(status: int, body: bytes) -> str:
    """Name the outcome of a collection that gets nothing but this complete answer (section 3)."""
    if status == 200:
        try:
            read_document(body)
        except NotImds:
            return "invalid"
        return "ok"
    if status == 429:
        return "throttled"
    if status in (404, 408, 410, 421) or status >= 500:
        return "unavailable"
    return "rejected" if status >= 400 else "invalid"


def read_document(body: bytes) -> dict[str, Any]:
    """Read an answer. Raises NotImds for all that section 3 calls `invalid`."""
    if len(body) > SIZE_LIMIT:
        raise NotImds("over 1 MiB")
    try:
        document = json.loads(body.decode("utf-8-sig"), parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise NotImds("no JSON in UTF-8") from error
    if _measure_depth(document) > DEPTH_LIMIT:
        raise NotImds("nested too deep")
    return _check(_mend(document))


def _refuse(name: str) -> None:
    raise NotImds(name)


def _measure_depth(value: object) -> int:
    level, depth = [value], 0
    while level := [each for each in level if isinstance(each, (dict, list))]:
        depth += 1
        level = [inner for each in level for inner in (each.values() if isinstance(each, dict) else each)]
    return depth


def _mend(value: Any) -> Any:
    """Turn lone surrogates into U+FFFD, in names as in values (section 3)."""
    if isinstance(value, str):
        return "".join("\ufffd" if 0xD800 <= ord(each) <= 0xDFFF else each for each in value)
    if isinstance(value, list):
        return [_mend(item) for item in value]
    if isinstance(value, dict):
        return {_mend(name): _mend(inner) for name, inner in value.items()}
    return value


def _check(document: object) -> dict[str, Any]:
    """Check the shape. A null section and a null `interface` count as absent (section 3)."""
    if not isinstance(document, dict):
        raise NotImds("no object")
    sections = {name: document[name] for name in ("compute", "network") if document.get(name) is not None}
    if not sections or not all(isinstance(section, dict) for section in sections.values()):
        raise NotImds("sections missing or of the wrong type")
    if not isinstance(sections.get("network", {}).get("interface"), (list, type(None))):
        raise NotImds("`interface` is neither list nor null")
    if not isinstance(sections.get("compute", {}).get("tags", ""), (str, type(None))):
        raise NotImds("`tags` is neither string nor null")
    return document
