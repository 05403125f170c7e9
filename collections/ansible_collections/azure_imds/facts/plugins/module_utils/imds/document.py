# SPDX-License-Identifier: Apache-2.0
"""Documents of `/metadata/instance`: validation, and redaction of sensitive fields.

Every process on a VM can read sensitive fields from IMDS; facts travel further: to fact caches, to the Salt master,
into files.
"""

from __future__ import annotations

from . import errors

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


MAX_DEPTH = 64


def too_deep() -> errors.InvalidError:
    """Return the error for a value nested over `MAX_DEPTH` deep."""
    return errors.InvalidError(f"The answer is nested over {MAX_DEPTH} deep.")


def redact(value: Any, *, reveal: Iterable[str] = ()) -> Any:
    """Return a copy of a JSON value without sensitive fields, at any depth, inside lists too.

    Field names are compared without case. `reveal` holds keys of `SENSITIVE` whose fields stay. Raises InvalidError for
    a value nested over `MAX_DEPTH` deep.
    """
    revealed = {field for name in reveal for field in SENSITIVE[name]}
    dropped = {field for fields in SENSITIVE.values() for field in fields}.difference(revealed)
    return _drop_fields(value, dropped, MAX_DEPTH)


def _drop_fields(value: Any, dropped: set[str], depth: int) -> Any:
    if not isinstance(value, (dict, list)):
        return value
    if not depth:
        raise too_deep()
    if isinstance(value, list):
        return [_drop_fields(item, dropped, depth - 1) for item in value]
    # A dropped field is walked as well: it may not be nested deeper than the rest.
    walked = [(key, _drop_fields(item, dropped, depth - 1)) for key, item in value.items()]
    return {key: item for key, item in walked if key.casefold() not in dropped}


def validate_document(document: object) -> JsonObject:
    """Return a document of `/metadata/instance` without its null sections.

    Raises InvalidError where it is not an object, has neither compute nor network, or has a section of the wrong type.
    IMDS may answer with one of the two missing (recorded), so one is enough.
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
    elif not isinstance(network.get("interface", []), list):
        broken = "network.interface is not a list"
    elif not isinstance(compute.get("tags", ""), (str, type(None))):
        broken = "compute.tags is neither a string nor null"
    if broken:
        raise errors.InvalidError(f"The document's {broken}.", hint=errors.HINT_BROKEN)
    return sections


def is_partial(document: JsonObject) -> bool:
    """Return whether compute or network is missing, as when one of IMDS's back ends fails (recorded)."""
    return not {"compute", "network"}.issubset(document)


def parse_compute_text(document: JsonObject, field: str) -> str | None:
    """Return a string of the compute section such as `vmId` or `name`, None where it is missing or no string."""
    value = document.get("compute", {}).get(field)
    return value if isinstance(value, str) else None
