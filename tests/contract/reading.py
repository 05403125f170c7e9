# SPDX-License-Identifier: Apache-2.0
"""What a document says, before any spelling: sensitive fields and tags (contract, sections 2 and 6)."""

from __future__ import annotations

from typing import Any, NamedTuple

# What `reveal` takes → the fields it puts back (section 6).
SENSITIVE = {
    "user_data": ("userdata",),
    "custom_data": ("customdata",),
    "public_keys": ("publickeys",),
    "admin_username": ("adminusername",),
    "disk_encryption": ("secreturl", "keyurl"),
}


def hide(value: Any, reveal: frozenset[str] = frozenset()) -> Any:
    """Leave the sensitive fields out, at any depth and in any case, but for those that `reveal` names (section 6)."""
    hidden = {field for name, fields in SENSITIVE.items() if name not in reveal for field in fields}
    return _without(value, hidden)


def _without(value: Any, hidden: set[str]) -> Any:
    if isinstance(value, dict):
        return {name: _without(inner, hidden) for name, inner in value.items() if name.casefold() not in hidden}
    if isinstance(value, list):
        return [_without(item, hidden) for item in value]
    return value


class Tags(NamedTuple):
    """The tags of a document, and whether reading them was a guess."""

    mapping: dict[str, str]
    is_ambiguous: bool


def read_tags(compute: dict[str, Any] | None) -> Tags:
    """Read the tags: `tagsList`, even empty, beats the string (section 2, category `tags`)."""
    compute = compute or {}
    listed = compute.get("tagsList")
    if isinstance(listed, list):
        return Tags({entry["name"]: entry["value"] for entry in listed if is_tag(entry)}, is_ambiguous=False)
    return _split(compute.get("tags") or "")


def is_tag(entry: object) -> bool:
    """Tell whether an entry of `tagsList` is an object whose name and value are both strings."""
    return isinstance(entry, dict) and isinstance(entry.get("name"), str) and isinstance(entry.get("value"), str)


def _split(text: str) -> Tags:
    chunks = [chunk for chunk in text.split(";") if chunk]
    mapping = {}
    for chunk in chunks:
        name, _colon, value = chunk.partition(":")
        mapping[name] = value
    return Tags(mapping, is_ambiguous=any(chunk.count(":") != 1 for chunk in chunks))
