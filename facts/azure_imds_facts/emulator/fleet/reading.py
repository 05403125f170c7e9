# SPDX-License-Identifier: Apache-2.0
"""Fleets from the flag `--fleet`, from the key `fleet` of a scenario file, and from Python."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from azure_imds_facts.emulator.errors import EmulatorError, format_choices, format_value
from azure_imds_facts.emulator.settings.located_yaml import LocatedNode, read_yaml

from .groups import GROUP_KEYS, MAPPINGS, MOST_VMS, Group, build_default_name, build_group, parse_entry

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["KEY", "build_groups", "build_plain_group", "is_number", "read_groups"]

# The key of a scenario file that makes a fleet of it.
KEY = "fleet"


def is_number(text: str) -> bool:
    """Return whether the flag has a number of VMs, not the name of a file."""
    return text.isascii() and text.isdigit()


def build_plain_group(count: int) -> Group:
    """Build a group of VMs of which nothing else is said: `vm-000` and so on, over three zones.

    Raises:
        EmulatorError: that is none, or too many.
    """
    if not 1 <= count <= MOST_VMS:
        raise EmulatorError(f"{count} VMs; allowed: 1 to {MOST_VMS}")
    return Group(count=count, name=build_default_name(count))


def read_groups(name: str) -> tuple[Group, ...]:
    """Read the groups of a scenario file.

    Raises:
        EmulatorError: `file:line:column:`, the problem and the allowed values.
    """
    root = read_yaml(name)
    found = [value for key, value in root.pairs() if key.text() == KEY] if root is not None else []
    if not found:
        raise EmulatorError(f"{name}: no key {KEY!r}; --scenario reads a file about one machine")
    nodes = [found[0]] if found[0].is_scalar else found[0].items()
    if not nodes:
        found[0].reject("expected a group, or a list of them")
    return tuple(map(_load_group, nodes))


def _load_group(node: LocatedNode) -> Group:
    """Load a group: a mapping, or the number of its VMs alone."""
    if node.is_scalar:
        return node.parse(lambda text: build_plain_group(_parse_number(text)))
    values: dict[str, Any] = {}
    for key, value in node.pairs():
        if key.text() not in GROUP_KEYS:
            key.reject(f"unknown key {format_value(key.text())} of a group; allowed: {format_choices(GROUP_KEYS)}")
        name, parse = GROUP_KEYS[key.text()]
        with value.locate_errors():
            values[name] = _load_entries(key.text(), value) if key.text() in MAPPINGS else parse(value.value())
    with node.locate_errors():
        return build_group(values)


def _load_entries(key: str, node: LocatedNode) -> dict[str, Any]:
    entries = {}
    for name, value in node.pairs():
        with (name if key == "set" else value).locate_errors():
            entries[name.text()] = parse_entry(key, name.text(), value.value())
    return entries


def _parse_number(text: str) -> int:
    if not is_number(text) or len(text) > 9:
        raise EmulatorError(f"expected a number of VMs, or a mapping, not {format_value(text)}")
    return int(text)


def build_groups(given: Iterable[int | Mapping[str, Any]]) -> tuple[Group, ...]:
    """Build groups from Python: numbers, and mappings with the keys of a file.

    Raises:
        EmulatorError: a key is unknown, or a value invalid.
    """
    return tuple(build_plain_group(each) if isinstance(each, int) else _build_mapped(each) for each in given)


def _build_mapped(given: Mapping[str, Any]) -> Group:
    values = {}
    for key, value in given.items():
        if key not in GROUP_KEYS:
            raise EmulatorError(f"unknown key {format_value(key)} of a group; allowed: {format_choices(GROUP_KEYS)}")
        name, parse = GROUP_KEYS[key]
        try:
            values[name] = parse(value)
        except EmulatorError as error:
            raise EmulatorError(f"{key}: {error}") from error
    return build_group(values)
