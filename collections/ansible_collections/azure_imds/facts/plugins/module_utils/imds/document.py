# SPDX-License-Identifier: Apache-2.0
"""Documents of `/metadata/instance`: validation, and redaction of sensitive fields.

Every process on a VM can read sensitive fields from IMDS; facts travel further: to fact caches, to the Salt master,
into files.
"""

from __future__ import annotations

import json

from . import errors, records
from .spelling import snake_case

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from .records import JsonObject


# Name in `reveal` → IMDS's field names, in lower case. `customData` is documented as disabled and was recorded with
# content; the two URLs name the keys of Azure Disk Encryption in a key vault.
SENSITIVE = {
    "user_data": ("userdata",),
    "custom_data": ("customdata",),
    "public_keys": ("publickeys",),
    "admin_username": ("adminusername",),
    "disk_encryption": ("secreturl", "keyurl"),
}

# A document has at most 1 MiB, but the name of an object is repeated in the name of each of its leaves.
_MOST_FACTS = 4 << 20


def redact(value: Any, *, reveal: Iterable[str] = ()) -> Any:
    """Return a JSON value without sensitive fields, at any depth, inside lists too; the rest is shared with `value`.

    Field names are compared without case. `reveal` holds keys of `SENSITIVE` whose fields stay. Raises InvalidError for
    a value nested over 16 deep.
    """
    dropped = {field for name, fields in SENSITIVE.items() if name not in reveal for field in fields}

    def drop(fields: JsonObject, _path: object) -> JsonObject:
        kept = {key: item for key, item in fields.items() if key.casefold() not in dropped}
        return kept if len(kept) < len(fields) else fields

    return records.rebuild([value], drop)[0]


def validate_document(document: object) -> JsonObject:
    """Return a document of `/metadata/instance` without its null sections.

    Raises InvalidError where it is not an object, has neither compute nor network, has a section of the wrong type, or
    makes facts of over 4 MiB. IMDS may answer with one of the two missing (recorded).
    """
    if not isinstance(document, dict):
        raise errors.InvalidError("The answer is JSON, but not an object.")
    sections = {name: section for name, section in document.items() if section is not None}
    if not {"compute", "network"}.intersection(sections):
        raise errors.InvalidError("The answer has neither compute nor network in it.")
    compute, network = sections.get("compute", {}), sections.get("network", {})
    broken = ""
    if not isinstance(compute, dict):
        broken = "compute is not an object"
    elif not isinstance(network, dict):
        broken = "network is not an object"
    elif not isinstance(network.get("interface"), (list, type(None))):
        broken = "network.interface is neither a list nor null"
    elif not isinstance(compute.get("tags"), (str, type(None))):
        broken = "compute.tags is neither a string nor null"
    if broken:
        raise errors.InvalidError(f"The document's {broken}.", hint=errors.HINT_BROKEN)
    check_facts_size(sections)
    return sections


def check_facts_size(content: JsonObject) -> None:
    """Raise InvalidError where a category's content takes over 4 MiB as local facts."""
    if len(json.dumps(content, ensure_ascii=False).encode(errors="replace")) + _measure_names(content, 0) > _MOST_FACTS:
        raise errors.InvalidError("The facts take over 4 MiB, which IMDS's never do.")


def _measure_names(content: JsonObject, prefix: int) -> int:
    """Return how many more bytes an object's leaves take with the names above in their own."""
    size = 0
    for key, value in content.items():
        if value and isinstance(value, dict):
            size += _measure_names(value, prefix + len(snake_case(key)) + 1) - len(key) - 6
        else:
            size += prefix
    return size


def list_missing(document: object) -> list[str]:
    """Return which of compute and network a document lacks, as when one of IMDS's back ends fails (recorded).

    A value that has neither is no such document: it lacks nothing.
    """
    sections = document if isinstance(document, dict) else {}
    missing = [name for name in ("compute", "network") if sections.get(name) is None]
    return missing if len(missing) < 2 else []


def parse_compute_text(document: JsonObject, field: str) -> str | None:
    """Return a string of the compute section such as `vmId` or `name`, None where it is missing or no string."""
    value = document.get("compute", {}).get(field)
    return value if isinstance(value, str) else None
