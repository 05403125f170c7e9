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

__all__ = ["Field", "Node", "build_tree", "instance_tree", "read_fields"]

_TABLE = Path(__file__).with_name("fields.json")
INSTANCE = "/metadata/instance"
# The preview that came before the first version of the table; assumed to have had the same fields.
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
    def steps(self) -> tuple[str, ...]:
        """The names on the way to this field; an array and its elements share one step."""
        return tuple(self.path.replace("[]", "").split("."))

    def is_in(self, version: str) -> bool:
        """Tell whether a version serves this field; a field of unknown age is never served."""
        return self.introduced[:2] == "20" and self.introduced <= version


@dataclass
class Node:
    """A field in the tree of a version. `kind`: object, array (of objects), string or bool."""

    kind: str
    children: dict[str, Node] = field(default_factory=dict)


@functools.cache
def read_fields() -> tuple[Field, ...]:
    """Read the table that is part of the distribution."""
    return tuple(Field(**row) for row in json.loads(_TABLE.read_text(encoding="utf-8")))


def build_tree(fields: Iterable[Field]) -> Node:
    """Arrange fields as a tree; containers that have no row of their own are objects."""
    root = Node("object")
    for row in fields:
        node = root
        for step in row.steps:
            node = node.children.setdefault(step, Node("object"))
        node.kind = _kind(row.type)
    return root


@functools.cache
def instance_tree(version: str | None = None) -> Node:
    """Return the tree of /metadata/instance in a version, or of everything that was ever served (None)."""
    rows = (row for row in read_fields() if row.endpoint == INSTANCE)
    if version is None:
        return build_tree(rows)
    asked = _FIRST if version == _PREVIEW else version
    return build_tree(row for row in rows if row.is_in(asked))


def _kind(type_name: str) -> str:
    if type_name.startswith("array"):
        return "array"
    return {"object": "object", "bool": "bool"}.get(type_name, "string")
