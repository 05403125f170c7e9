# SPDX-License-Identifier: Apache-2.0
"""Readers of settings: each parses the text of a flag and loads a node of a scenario file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from azure_imds_facts.emulator.errors import EmulatorError
from azure_imds_facts.emulator.http.faults import parse_fault, parse_fault_script
from azure_imds_facts.emulator.vm.document_paths import parse_path
from azure_imds_facts.emulator.vm.event_plans import EventPlan, build_event_plan, parse_event_plan
from azure_imds_facts.emulator.vm.load_balancers import LOAD_BALANCERS, build_load_balancer
from azure_imds_facts.emulator.vm.profiles import check_profile
from azure_imds_facts.emulator.vm.projection import check_document, find_field

from .documents import read_bytes, read_json
from .nodes import ValueNode
from .setting import Reader
from .validators import parse_host, parse_version

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "CHANGES",
    "DOCUMENT",
    "EVENTS",
    "FAULTS",
    "FILE",
    "HOSTS",
    "IDENTITIES",
    "LOAD_BALANCER",
    "PROFILES",
    "RAW_CHANGES",
    "RAW_DOCUMENT",
    "SWITCH",
    "TAGS",
    "VERSIONS",
    "quantity_reader",
    "scalar_reader",
]


def scalar_reader(parse: Callable[[str], Any]) -> Reader:
    """Return the reader of a single value, which has the same form in both places."""
    return Reader(parse, lambda node: node.parse(parse))


def quantity_reader(check: Callable[[object], float]) -> Reader:
    """Return the reader of a number or a time, which Python also gives as a number."""
    return Reader(check, lambda node: node.check(check))


def _load_each(parse: Callable[[str], Any]) -> Callable[[ValueNode], tuple[Any, ...]]:
    return lambda node: tuple(item.parse(parse) for item in node.items())


def _parse_pair(form: str) -> Callable[[str], tuple[str, str]]:
    """Build a parser of pairs; `form` names their parts in messages."""

    def parse(text: str) -> tuple[str, str]:
        name, equals, value = text.partition("=")
        if not equals:
            raise EmulatorError(f"expected {form}, not {text!r}")
        return name, value

    return parse


def _resolve_path(node: ValueNode) -> str:
    """Return a path relative to the folder of the node."""
    return str(node.folder / node.text()) if node.text() else ""


def _load_raw_document(node: ValueNode) -> object:
    """Load the name of a file, or the document itself."""
    if not node.is_scalar:
        return node.value()
    with node.locate_errors():
        return read_bytes(_resolve_path(node))


def _load_document(node: ValueNode) -> object:
    with node.locate_errors():
        return read_json(_resolve_path(node)) if node.is_scalar else check_document(node.value(), source="document")


def _load_raw_changes(node: ValueNode) -> tuple[tuple[str, object], ...]:
    changes = []
    for path, value in node.pairs():
        path.parse(parse_path)
        changes.append((path.text(), value.value()))
    return tuple(changes)


def _load_changes(node: ValueNode) -> tuple[tuple[str, object], ...]:
    for path, _ in node.pairs():
        path.parse(lambda text: find_field(parse_path(text)))
    return _load_raw_changes(node)


def _load_tags(node: ValueNode) -> tuple[tuple[str, str], ...]:
    return tuple((name.text(), value.text()) for name, value in node.pairs())


def _load_faults(node: ValueNode) -> tuple[tuple[str, str], ...]:
    """Load a script in the form of the flag, or a mapping from paths to scripts."""
    if node.is_scalar:
        pair = node.parse(parse_fault)
        node.check(lambda _: parse_fault_script(pair[1]))
        return (pair,)
    for _, script in node.pairs():
        script.parse(parse_fault_script)
    return tuple((path.text(), script.text()) for path, script in node.pairs())


def _parse_load_balancer(text: str) -> object:
    """Return the name of a profile, or the content of a JSON file."""
    is_file = text not in LOAD_BALANCERS and ("." in text or "/" in text)
    return read_json(text) if is_file else text


def _load_load_balancer(node: ValueNode) -> object:
    """Load the name of a profile, or the object itself, in which ports are numbers."""
    setting = node.value() if node.is_scalar else _convert_numbers(node.value())
    with node.locate_errors():
        build_load_balancer(setting, {})
    return setting


def _convert_numbers(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _convert_numbers(child) for key, child in value.items()}
    if isinstance(value, list):
        return [_convert_numbers(item) for item in value]
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10 else value


def _load_event(node: ValueNode) -> EventPlan:
    """Load an event in the form of the flag, or a mapping of its type and options."""
    if node.is_scalar:
        return node.parse(parse_event_plan)
    options = {key.text(): value for key, value in node.pairs()}
    if "type" not in options:
        node.reject("an event needs a type")
    values = {name: option.value() for name, option in options.items()}
    with node.locate_errors():
        return build_event_plan(values.pop("type"), values)


SWITCH = Reader(str, ValueNode.boolean)
FILE = Reader(str, _resolve_path)
PROFILES = Reader(str, _load_each(check_profile), is_sequence=True)
IDENTITIES = Reader(str, _load_each(str), is_sequence=True)
HOSTS = Reader(parse_host, _load_each(parse_host), is_sequence=True)
VERSIONS = Reader(lambda text: tuple(map(parse_version, text.split(","))), _load_each(parse_version), is_sequence=True)
DOCUMENT = Reader(read_json, _load_document, is_optional=True)
RAW_DOCUMENT = Reader(read_bytes, _load_raw_document, is_optional=True)
CHANGES = Reader(_parse_pair("PATH=VALUE"), _load_changes, is_sequence=True)
RAW_CHANGES = Reader(_parse_pair("PATH=VALUE"), _load_raw_changes, is_sequence=True)
TAGS = Reader(_parse_pair("NAME=VALUE"), _load_tags, is_sequence=True)
FAULTS = Reader(parse_fault, _load_faults, is_sequence=True)
LOAD_BALANCER = Reader(_parse_load_balancer, _load_load_balancer, is_optional=True)
EVENTS = Reader(parse_event_plan, lambda node: tuple(map(_load_event, node.items())), is_sequence=True)
