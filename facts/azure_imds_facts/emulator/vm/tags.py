# SPDX-License-Identifier: Apache-2.0
"""Tags in their two forms: the list (2019-06-04 and later) and the older string, which has no escaping."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Tag", "add_tag", "complete_tags", "get_tags", "remove_tag", "set_tags"]

Tag = tuple[str, str]


def get_tags(compute: dict[str, Any]) -> list[Tag]:
    """Return the tags of a compute section, from the list if there is one, else from the string."""
    listed = compute.get("tagsList")
    if isinstance(listed, list):
        return [(str(tag["name"]), str(tag["value"])) for tag in listed if _is_tag(tag)]
    return _split_tags(str(compute.get("tags") or ""))


def set_tags(compute: dict[str, Any], tags: Iterable[Tag]) -> None:
    """Set both forms of the tags of a compute section, in the same order (recorded)."""
    pairs = list(tags)
    compute["tags"] = _join_tags(pairs)
    compute["tagsList"] = _list_tags(pairs)


def complete_tags(compute: dict[str, Any]) -> None:
    """Add the missing form of the tags of a compute section, without changing the other."""
    tags = get_tags(compute)
    if compute.get("tagsList") is None:
        compute["tagsList"] = _list_tags(tags)
    if compute.get("tags") is None:
        compute["tags"] = _join_tags(tags)


def add_tag(tags: Iterable[Tag], name: str, value: str) -> list[Tag]:
    """Add or change a tag. Names are compared without case; the first spelling stays (documented)."""
    pairs = list(tags)
    for index, (known, _) in enumerate(pairs):
        if known.casefold() == name.casefold():
            pairs[index] = (known, value)
            return pairs
    return [*pairs, (name, value)]


def remove_tag(tags: Iterable[Tag], name: str) -> list[Tag]:
    """Remove a tag, if present. Names are compared without case."""
    return [(known, value) for known, value in tags if known.casefold() != name.casefold()]


def _join_tags(tags: Iterable[Tag]) -> str:
    """Format tags as `name:value;name:value`, unescaped and without a final `;` (recorded)."""
    return ";".join(f"{name}:{value}" for name, value in tags)


def _list_tags(tags: Iterable[Tag]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in tags]


def _split_tags(text: str) -> list[Tag]:
    """Parse the string form, which is ambiguous: split at each `;`, then at the first `:`."""
    chunks = (chunk.partition(":") for chunk in text.split(";") if chunk)
    return [(name, value) for name, _, value in chunks]


def _is_tag(tag: object) -> bool:
    return isinstance(tag, dict) and "name" in tag and "value" in tag
