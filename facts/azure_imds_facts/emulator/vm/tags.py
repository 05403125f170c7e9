# SPDX-License-Identifier: Apache-2.0
"""Tags in their two forms: the list (2019-06-04 and later) and the older string, which nothing escapes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "Tag",
    "join_tags",
    "list_tags",
    "read_tags",
    "split_tags",
    "with_tag",
    "without_tag",
    "write_tags",
]

Tag = tuple[str, str]


def join_tags(tags: Iterable[Tag]) -> str:
    """Spell tags as `name:value;name:value`, unescaped and without a last `;` (recorded)."""
    return ";".join(f"{name}:{value}" for name, value in tags)


def list_tags(tags: Iterable[Tag]) -> list[dict[str, str]]:
    """Spell tags as the list of objects that `tagsList` is."""
    return [{"name": name, "value": value} for name, value in tags]


def split_tags(text: str) -> list[Tag]:
    """Read the string form as well as can be: chunks at `;`, each split at its first `:`."""
    chunks = (chunk.partition(":") for chunk in text.split(";") if chunk)
    return [(name, value) for name, _, value in chunks]


def read_tags(compute: dict[str, Any]) -> list[Tag]:
    """Return the tags of a compute section, from the list where there is one, else from the string."""
    listed = compute.get("tagsList")
    if isinstance(listed, list):
        return [(str(tag["name"]), str(tag["value"])) for tag in listed if _is_tag(tag)]
    return split_tags(compute.get("tags") or "")


def write_tags(compute: dict[str, Any], tags: Iterable[Tag]) -> None:
    """Put tags into a compute section in both forms, in the same order (recorded)."""
    pairs = list(tags)
    compute["tags"] = join_tags(pairs)
    compute["tagsList"] = list_tags(pairs)


def with_tag(tags: Iterable[Tag], name: str, value: str) -> list[Tag]:
    """Add or change a tag. Names are compared without case and keep the case they had first (documented)."""
    pairs = list(tags)
    for index, (known, _) in enumerate(pairs):
        if known.casefold() == name.casefold():
            pairs[index] = (known, value)
            return pairs
    return [*pairs, (name, value)]


def without_tag(tags: Iterable[Tag], name: str) -> list[Tag]:
    """Remove a tag, its name compared without case; one that is not there is no error."""
    return [(known, value) for known, value in tags if known.casefold() != name.casefold()]


def _is_tag(tag: object) -> bool:
    return isinstance(tag, dict) and "name" in tag and "value" in tag
