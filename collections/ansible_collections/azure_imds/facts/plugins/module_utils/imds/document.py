# SPDX-License-Identifier: Apache-2.0
"""Refuse what is not a document of `/metadata/instance`, and leave sensitive fields out.

Every process on a VM can read these from IMDS; facts travel further: to fact caches, to the Salt master, into files.
"""

from __future__ import annotations

from . import errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from . import records


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

    Field names are compared without case. `reveal` holds keys of `SENSITIVE` whose fields are kept. Raises InvalidError
    for what is nested deeper than any answer may be.
    """
    kept = {field for name in reveal for field in SENSITIVE[name]}
    dropped = {field for fields in SENSITIVE.values() for field in fields}.difference(kept)
    return _without(value, dropped, MAX_DEPTH)


def _without(value: Any, dropped: set[str], depth: int) -> Any:
    if not isinstance(value, (dict, list)):
        return value
    if not depth:
        raise errors.InvalidError(TOO_DEEP, hint=NOT_IMDS)
    if isinstance(value, list):
        return [_without(item, dropped, depth - 1) for item in value]
    # What is left out is walked as well: it may not be nested deeper than the rest.
    walked = [(key, _without(item, dropped, depth - 1)) for key, item in value.items()]
    return {key: item for key, item in walked if key.casefold() not in dropped}


MAX_DEPTH = 64
TOO_DEEP = f"The answer is nested over {MAX_DEPTH} deep."
# IMDS's documents take a few KiB, with 50 tags at full length about 50 KiB; what is larger is something else.
MAX_BODY = 1024 * 1024
# What to do about something that is not IMDS, and about a document that is not whole.
NOT_IMDS = "Something else answers at this address: look for a captive portal, a proxy or a wrong endpoint."
BROKEN = (
    "Look for something between this machine and IMDS; if the document itself is at fault, say so to Azure support."
)


def validate_document(document: object) -> records.JsonObject:
    """Return a document of `/metadata/instance`, its null sections left out.

    Raises InvalidError where it is not an object, has neither compute nor network, or a section of the wrong type.
    IMDS may answer with one of the two missing (recorded), so one is enough.
    """
    if not isinstance(document, dict):
        raise errors.InvalidError("The answer is JSON, but not an object.", hint=NOT_IMDS)
    sections = {name: document[name] for name in ("compute", "network") if document.get(name) is not None}
    if not sections:
        raise errors.InvalidError("The answer has neither compute nor network in it.", hint=NOT_IMDS)
    for name, section in sections.items():
        if not isinstance(section, dict):
            raise errors.InvalidError(f"The document's {name} is not an object.", hint=BROKEN)
    if not isinstance(sections.get("network", {}).get("interface", []), list):
        raise errors.InvalidError("The document's network.interface is not a list.", hint=BROKEN)
    if not isinstance(sections.get("compute", {}).get("tags"), (str, type(None))):
        raise errors.InvalidError("The document's compute.tags is neither a string nor null.", hint=BROKEN)
    return {name: section for name, section in document.items() if section is not None}


def is_partial(document: records.JsonObject) -> bool:
    """Return whether compute or network is missing, as IMDS answers when one of its back ends fails (recorded)."""
    return not {"compute", "network"}.issubset(document)


def read_vm_id(document: records.JsonObject) -> str | None:
    """Return a document's `compute.vmId`, None where it has none."""
    vm_id = document.get("compute", {}).get("vmId")
    return vm_id if isinstance(vm_id, str) else None
