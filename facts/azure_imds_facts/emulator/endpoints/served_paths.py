# SPDX-License-Identifier: Apache-2.0
"""Whether the emulator serves anything at a path or below it, in any api-version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azure_imds_facts.emulator.vm.document_paths import is_index
from azure_imds_facts.emulator.vm.fields import FieldNode

from .authority import INTERMEDIATE_PATH

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["is_served"]

_INSTANCE = ("metadata", "instance")


def is_served(path: str, endpoints: Iterable[Sequence[str]], fields: FieldNode | None) -> bool:
    """Return whether there is anything at a path, in any case, or below it.

    `endpoints`: the segments of their paths. `fields`: those of the document, None if it can have any.
    """
    if not path.startswith("/"):
        return path == ""
    wanted = tuple(segment for segment in path.lower().split("/") if segment)
    served = [*endpoints, tuple(INTERMEDIATE_PATH.lower().strip("/").split("/"))]
    if any(tuple(each[: len(wanted)]) == wanted for each in served):
        return True
    below = wanted[len(_INSTANCE) :]
    return wanted[: len(_INSTANCE)] == _INSTANCE in served and (fields is None or _has_field(fields, below))


def _has_field(node: FieldNode, segments: Iterable[str]) -> bool:
    for segment in segments:
        if node.kind == "array":
            if not is_index(segment):
                return False
            node = FieldNode("object", node.children)
            continue
        children = {name.lower(): child for name, child in node.children.items()}
        if segment not in children:
            return False
        node = children[segment]
    return True
