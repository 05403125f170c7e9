# SPDX-License-Identifier: Apache-2.0
"""Keyword arguments of `Emulator`, converted to settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from azure_imds_facts.emulator.errors import EmulatorError, suggest

from .loading import is_set, load_settings
from .nodes import GivenNode
from .scenario import read_scenario
from .setting import Setting
from .table import SETTINGS, Settings

__all__ = ["build_settings"]

# Name of an argument → its row of the table: the keys of a scenario file, the fields of `Settings`, and `fault`.
_ROWS = {name: row for row in SETTINGS for name in (row.key, row.name)}
_ROWS["fault"] = _ROWS["faults"]
# What differs from the command: tests should not meet a limit that they did not ask for.
_DEFAULTS: dict[str, Any] = {"rate_limit": 0}
_SCENARIO, _DOCUMENT_NAME = "scenario", "document_name"


def build_settings(arguments: Mapping[str, Any], *, is_fleet: bool = False) -> Settings:
    """Build settings from keyword arguments, which take precedence over those of a scenario file.

    Arguments are the keys of a scenario file, with the same values, and `scenario` itself. Pairs can stand for a
    mapping. None, and an empty `fault`, stand for the default. The rate limit is off by default. `is_fleet`: the file
    may have the key of a fleet.

    Raises:
        EmulatorError: an argument is unknown, or a value invalid; says which, and what is allowed.
    """
    given = dict(arguments)
    scenario, document_name = given.pop(_SCENARIO, None), given.pop(_DOCUMENT_NAME, None)
    rows = {name: _find_row(name) for name in given}
    nodes = {rows[name].key: _read(name, value) for name, value in given.items() if not _is_default(name, value)}
    values: dict[str, Any] = {}
    if scenario is not None:
        file, keep_unknown = GivenNode(_SCENARIO, scenario).text(), is_set(nodes, "keep_unknown")
        values.update(read_scenario(file, keep_unknown=keep_unknown, is_fleet=is_fleet))
    for name in given.keys() - {node.argument for node in nodes.values()}:
        values.pop(rows[name].name, None)
    raw, keep_unknown = bool(values.get("raw")) or is_set(nodes, "raw"), bool(values.get("keep_unknown"))
    if raw and "document" in nodes:
        nodes["document"] = _encode_text(nodes["document"])
    values.update(load_settings(nodes, raw=raw, keep_unknown=keep_unknown))
    if document_name is not None:
        values[_DOCUMENT_NAME] = GivenNode(_DOCUMENT_NAME, document_name).text()
    return Settings(**{**_DEFAULTS, **values})


def _find_row(name: str) -> Setting:
    if name not in _ROWS:
        raise EmulatorError(f"unknown argument {name!r}; {suggest(name, (*_ROWS, _SCENARIO))}")
    return _ROWS[name]


def _read(name: str, value: object) -> GivenNode:
    """Return the node of an argument, which can be read more than once."""
    return GivenNode(name, list(value) if isinstance(value, Iterator) else value)


def _is_default(name: str, value: object) -> bool:
    return value is None or (name == "fault" and value == "")


def _encode_text(document: GivenNode) -> GivenNode:
    """Let the text of a raw document be the document, not the name of a file."""
    if not isinstance(document.given, str):
        return document
    return GivenNode(document.argument, document.given.encode("utf-8", "surrogatepass"))
