# SPDX-License-Identifier: Apache-2.0
"""Scenario files: settings in YAML, under the keys of the table."""

from __future__ import annotations

from typing import Any

from azure_imds_facts.emulator.errors import format_choices

from .located_yaml import LocatedNode, read_yaml
from .table import SETTINGS

__all__ = ["read_scenario"]

_ROWS = {row.key: row for row in SETTINGS}
# Read by the room of fleets.
_FLEET = "fleet"


def read_scenario(name: str, *, keep_unknown: bool = False, is_fleet: bool = False) -> dict[str, Any]:
    """Read a scenario file into fields of `Settings`. Paths in it are relative to the file.

    `keep_unknown`: the file may set fields that no version has, even if it does not say so itself. `is_fleet`: it has a
    key that describes a fleet, which is passed over here.

    Raises:
        EmulatorError: `file:line:column:`, the problem and the allowed values.
    """
    root = read_yaml(name)
    if root is None:
        return {}
    nodes: dict[str, LocatedNode] = {}
    for key, value in root.pairs():
        if key.text() == _FLEET and is_fleet:
            continue
        if key.text() not in _ROWS:
            if key.text() == _FLEET:
                key.reject("the key 'fleet' describes a fleet, which --fleet serves: name the file there")
            key.reject(f"unknown key {key.text()!r}; allowed: {format_choices(_ROWS)}")
        nodes[key.text()] = value
    is_raw = _is_set(nodes, "raw")
    keep_unknown = keep_unknown or _is_set(nodes, "keep_unknown")
    values = {}
    for name_in_file, node in nodes.items():
        row = _ROWS[name_in_file]
        values[row.name] = row.choose_reader(raw=is_raw or (name_in_file == "set" and keep_unknown)).load(node)
    if "document" in nodes:
        values["document_name"] = name
    return values


def _is_set(nodes: dict[str, LocatedNode], key: str) -> bool:
    return key in nodes and nodes[key].boolean()
