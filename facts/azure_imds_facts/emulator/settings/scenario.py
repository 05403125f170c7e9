# SPDX-License-Identifier: Apache-2.0
"""Scenario files: settings in YAML, under the keys of the table."""

from __future__ import annotations

from typing import Any

from azure_imds_facts.emulator.errors import suggest

from .loading import ROWS, load_settings
from .located_yaml import LocatedNode, read_yaml

__all__ = ["read_scenario"]

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
        if key.text() not in ROWS:
            if key.text() == _FLEET:
                key.reject("the key 'fleet' describes a fleet, which --fleet serves: name the file there")
            key.reject(f"unknown key {key.text()!r}; {suggest(key.text(), ROWS)}")
        nodes[key.text()] = value
    values = load_settings(nodes, keep_unknown=keep_unknown)
    if "document" in nodes:
        values["document_name"] = name
    return values
