# SPDX-License-Identifier: Apache-2.0
"""The field table: each field of each endpoint, its type, and the api-version that introduced it."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Field", "FieldNode", "build_field_tree", "load_instance_tree", "read_fields"]

# Platform → its table.
_TABLES = {"vm": "fields.json", "arc": "arc_fields.json"}
_INSTANCE = "/metadata/instance"
# The preview that preceded the first version of the table. Assumed to have had the same fields.
_PREVIEW, _FIRST = "2017-03-01", "2017-04-02"


@dataclass(frozen=True)
class Field:
    """One row of the table. `evidence`: D documented, R recorded, A assumed, joined with `+`."""

    path: str
    type: str
    introduced: str
    evidence: str
    endpoint: str
    description: str

    @property
    def segments(self) -> tuple[str, ...]:
        """The names in the path; an array and its elements share one segment."""
        return tuple(self.path.replace("[]", "").split("."))

    def is_in(self, version: str) -> bool:
        """Return whether a version serves this field. A field of unknown age is never served."""
        return self.introduced[:2] == "20" and self.introduced <= version


@dataclass
class FieldNode:
    """A field in the tree of a version. `kind`: object, array (of objects), string, bool or null."""

    kind: str
    children: dict[str, FieldNode] = field(default_factory=dict)


@functools.cache
def read_fields(platform: str = "vm") -> tuple[Field, ...]:
    """Read the table of a VM (`vm`) or of a machine of Azure Arc (`arc`), a data file of the distribution."""
    table = Path(__file__).with_name(_TABLES[platform])
    return tuple(Field(**row) for row in json.loads(table.read_text(encoding="utf-8")))


def build_field_tree(fields: Iterable[Field]) -> FieldNode:
    """Arrange fields as a tree; containers without a row of their own are objects."""
    root = FieldNode("object")
    for row in fields:
        node = root
        for segment in row.segments:
            node = node.children.setdefault(segment, FieldNode("object"))
        node.kind = _parse_kind(row.type)
    return root


@functools.cache
def load_instance_tree(version: str | None = None, *, platform: str = "vm") -> FieldNode:
    """Return the tree of /metadata/instance in a version; without one, the tree of all fields ever served."""
    rows = (row for row in read_fields(platform) if row.endpoint == _INSTANCE)
    if version is None:
        return build_field_tree(rows)
    effective = _FIRST if version == _PREVIEW else version
    return build_field_tree(row for row in rows if row.is_in(effective))


def _parse_kind(type_name: str) -> str:
    if type_name.startswith("array"):
        return "array"
    return type_name if type_name in ("object", "bool", "null") else "string"
