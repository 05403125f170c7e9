# SPDX-License-Identifier: Apache-2.0
"""Leave sensitive fields out of a document.

Every process on a VM can read these from IMDS; facts travel further: to fact caches, to the Salt master, into files.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

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
