# SPDX-License-Identifier: Apache-2.0
"""Settings from nodes under the keys of the table, whatever they come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .table import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .nodes import ValueNode

__all__ = ["ROWS", "is_set", "load_settings"]

# Key → its row of the table.
ROWS = {row.key: row for row in SETTINGS}


def load_settings(nodes: Mapping[str, ValueNode], *, raw: bool = False, keep_unknown: bool = False) -> dict[str, Any]:
    """Load nodes by their keys into fields of `Settings`.

    `raw`, `keep_unknown`: so it is even if no node says so.

    Raises:
        EmulatorError: the place of an invalid value, the problem and the allowed values.
    """
    raw = raw or is_set(nodes, "raw")
    keep_unknown = keep_unknown or is_set(nodes, "keep_unknown")
    return {
        ROWS[key].name: ROWS[key].choose_reader(raw=raw or (key == "set" and keep_unknown)).load(node)
        for key, node in nodes.items()
    }


def is_set(nodes: Mapping[str, ValueNode], key: str) -> bool:
    """Return whether a switch is on."""
    return key in nodes and nodes[key].boolean()
