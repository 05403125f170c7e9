# SPDX-License-Identifier: Apache-2.0
"""Read a VM's tags from the list that keeps them apart, or from the string that does not."""

from __future__ import annotations

from .record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


@record
class Tags:
    """Tag name → value, names exactly as they are; `is_ambiguous` where the string can be read in several ways."""

    values: dict[str, str]
    is_ambiguous: bool = False
    skipped: int = 0


def parse_tags(compute: Mapping[str, object] | None) -> Tags:
    """Return the tags of a document's compute section.

    `tagsList` (since 2019-06-04), even empty, beats `tags`: Microsoft's page recommends it because the string
    `name:value;name:value` escapes nothing, while `:` and `;` are allowed in both parts.
    """
    listed = (compute or {}).get("tagsList")
    if isinstance(listed, list):
        return _from_list(listed)
    text = (compute or {}).get("tags")
    return _from_string(text if isinstance(text, str) else "")


def _from_list(listed: list[object]) -> Tags:
    usable = [
        entry
        for entry in listed
        if isinstance(entry, dict) and isinstance(entry.get("name"), str) and isinstance(entry.get("value"), str)
    ]
    return Tags(values={entry["name"]: entry["value"] for entry in usable}, skipped=len(listed) - len(usable))


def _from_string(text: str) -> Tags:
    chunks = [chunk for chunk in text.split(";") if chunk]
    parted = [chunk.partition(":") for chunk in chunks]
    return Tags(
        values={name: value for name, _colon, value in parted},
        is_ambiguous=any(chunk.count(":") != 1 for chunk in chunks),
    )
