# SPDX-License-Identifier: Apache-2.0
"""Scenario files: settings in YAML, under the keys of the table."""

from __future__ import annotations

from typing import Any

from azure_imds_facts.emulator.errors import format_choices

from .located_yaml import LocatedNode, read_yaml
from .table import SETTINGS

__all__ = ["read_scenario"]

_ROWS = {row.key: row for row in SETTINGS}


def read_scenario(name: str) -> dict[str, Any]:
    """Read a scenario file into fields of `Settings`. Paths in it are relative to the file.

    Raises:
        EmulatorError: `file:line:column:`, the problem and the allowed values.
    """
    root = read_yaml(name)
    if root is None:
        return {}
    nodes: dict[str, LocatedNode] = {}
    for key, value in root.pairs():
        if key.text() not in _ROWS:
            key.reject(f"unknown key {key.text()!r}; allowed: {format_choices(_ROWS)}")
        nodes[key.text()] = value
    is_raw = "raw" in nodes and nodes["raw"].boolean()
    values = {_ROWS[key].name: _ROWS[key].choose_reader(raw=is_raw).load(node) for key, node in nodes.items()}
    if "document" in nodes:
        values["document_name"] = name
    return values
