# SPDX-License-Identifier: Apache-2.0
"""A scenario: a YAML file that can hold everything that the flags say, one key a flag."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from azure_imds_facts.emulator.endpoints.loadbalancer import build_load_balancer
from azure_imds_facts.emulator.errors import choices
from azure_imds_facts.emulator.http.faults import parse_script
from azure_imds_facts.emulator.vm.clouds import find_cloud
from azure_imds_facts.emulator.vm.document_paths import parse_path
from azure_imds_facts.emulator.vm.event_plans import PlannedEvent, parse_event, plan_event
from azure_imds_facts.emulator.vm.profiles import find_vm
from azure_imds_facts.emulator.vm.projection import check_document, find_node

from .documents import read_document
from .located_yaml import Place, read_yaml
from .table import check_era, check_port, check_version

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["SCENARIO_KEYS", "read_scenario"]

Fields = dict[str, Any]


def read_scenario(name: str) -> Fields:
    """Read a scenario file into fields of `Settings`; files that it names lie beside it.

    Raises:
        EmulatorError: `file:line:column:`, what is wrong there and what is allowed.
    """
    root = read_yaml(name)
    if root is None:
        return {}
    places: dict[str, Place] = {}
    for key, value in root.pairs():
        if key.text() not in SCENARIO_KEYS:
            key.refuse(f"unknown key {key.text()!r}; allowed: {choices(SCENARIO_KEYS)}")
        places[key.text()] = value
    is_raw = "raw" in places and places["raw"].truth()
    fields = {SCENARIO_KEYS[key][0]: SCENARIO_KEYS[key][1](value) for key, value in places.items()}
    if "document" in places:
        fields["document"] = _read_document(places["document"], is_raw=is_raw)
        fields["document_name"] = name
    if "set" in places:
        fields["changes"] = _read_changes(places["set"], is_raw=is_raw)
    return fields


def _beside(place: Place) -> str:
    return str(Path(place.file).parent / place.text())


def _read_document(place: Place, *, is_raw: bool) -> object:
    """A file's name, or the document itself."""
    with place.located():
        if place.is_text:
            return read_document(_beside(place), raw=is_raw)
        return place.value() if is_raw else check_document(place.value(), where="document")


def _read_changes(place: Place, *, is_raw: bool) -> tuple[tuple[str, object], ...]:
    changes = []
    for path, value in place.pairs():
        steps = path.via(parse_path)
        if not is_raw:
            with path.located():
                find_node(steps)
        changes.append((path.text(), value.value()))
    return tuple(changes)


def _read_tags(place: Place) -> tuple[tuple[str, str], ...]:
    return tuple((name.text(), value.text()) for name, value in place.pairs())


def _read_faults(place: Place) -> tuple[tuple[str, str], ...]:
    """A script for all requests, or a mapping from paths to scripts."""
    if place.is_text:
        place.via(parse_script)
        return (("/", place.text()),)
    for _, script in place.pairs():
        script.via(parse_script)
    return tuple((path.text(), script.text()) for path, script in place.pairs())


def _read_load_balancer(place: Place) -> object:
    """A profile's name, or the object itself, in which ports are numbers."""
    value = place.value() if place.is_text else _with_numbers(place.value())
    with place.located():
        build_load_balancer(value, {})
    return value


def _with_numbers(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _with_numbers(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_with_numbers(inner) for inner in value]
    return int(value) if value.isdigit() else value


def _read_event(place: Place) -> PlannedEvent:
    """An event as on the command line, or a mapping of its type and options."""
    if place.is_text:
        return place.via(parse_event)
    options = {key.text(): value for key, value in place.pairs()}
    if "type" not in options:
        place.refuse("an event needs a type")
    kind = options.pop("type").text()
    values = {name: tuple(v.text() for v in option.items()) for name, option in options.items()}
    with place.located():
        return plan_event(kind, {k: v if k == "resources" else " ".join(v) for k, v in values.items()})


def _each(read: Callable[[str], Any]) -> Callable[[Place], tuple[Any, ...]]:
    """Make a reader of lists of text from a function that may refuse one."""
    return lambda place: tuple(item.via(read) for item in place.items())


# Key → field of Settings, and how its place is read.
SCENARIO_KEYS: dict[str, tuple[str, Callable[[Place], Any]]] = {
    "cloud": ("cloud", lambda place: place.via(find_cloud).name),
    "vm": ("vms", _each(find_vm)),
    "document": ("document", Place.value),
    "raw": ("raw", Place.truth),
    "set": ("changes", Place.value),
    "tags": ("tags", _read_tags),
    "versions": ("versions", _each(check_version)),
    "era": ("era", lambda place: place.via(check_era)),
    "bind": ("bind", Place.text),
    "port": ("port", lambda place: place.via(check_port)),
    "allow_remote": ("allow_remote", Place.truth),
    "rate_limit": ("rate_limit", Place.number),
    "identity_rate_limit": ("identity_rate_limit", Place.number),
    "retry_after": ("retry_after", Place.duration),
    "faults": ("faults", _read_faults),
    "load_balancer": ("load_balancer", _read_load_balancer),
    "identities": ("identities", _each(str)),
    "tenant_id": ("tenant_id", Place.text),
    "token_lifetime": ("token_lifetime", Place.duration),
    "events": ("events", lambda place: tuple(_read_event(item) for item in place.items())),
    "event_clock": ("event_clock", Place.number),
    "events_delay": ("events_delay", Place.duration),
    "control": ("control", _beside),
    "export_keys": ("export_keys", _beside),
}
