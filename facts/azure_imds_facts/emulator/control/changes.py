# SPDX-License-Identifier: Apache-2.0
"""Changes to a running emulator, and its state, as JSON objects of the control socket."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from azure_imds_facts.emulator.assembly import Assembly
from azure_imds_facts.emulator.endpoints.proxy_agent import parse_agent_plan
from azure_imds_facts.emulator.errors import EmulatorError, check_choice, format_choices, format_value
from azure_imds_facts.emulator.http.faults import parse_fault
from azure_imds_facts.emulator.quantities import check_duration, check_number
from azure_imds_facts.emulator.settings.table import LIMITS
from azure_imds_facts.emulator.vm.event_plans import build_event_plan, parse_event_plan, schedule_event

__all__ = ["CHANGES", "apply_changes", "change_machine", "describe_state"]


def apply_changes(assembly: Assembly, changes: object) -> dict[str, Any]:
    """Apply changes as `change_machine` does, and return the state after them."""
    change_machine(assembly, changes)
    return describe_state(assembly)


def change_machine(assembly: Assembly, changes: object) -> None:
    """Apply changes in their order.

    Shape: `{"tag": {"env": "prod"}, "untag": ["old"], "resize": "Standard_D4s_v5", "set": {"compute.zone": "2"},
    "fault": "429*3", "/path=429" or {path: script}, "throttle": {"rate_limit": 1, "retry_after": 2},
    "proxy_agent": "enforce", "event": "Reboot:notice=10s" or {"type": "Reboot"}, "cancel_event": id}`.

    Raises:
        EmulatorError: a change is unknown or invalid; those before it are applied.
    """
    if not isinstance(changes, Mapping):
        raise EmulatorError(f"expected an object with some of {format_choices(CHANGES)}")
    for name, value in changes.items():
        check_choice("change", name, CHANGES)
        types, apply = CHANGES[name]
        if not isinstance(value, types):
            raise EmulatorError(f"{name}: expected {_TYPE_NAMES[types]}, not {format_value(value)}")
        apply(assembly, value)


def describe_state(assembly: Assembly) -> dict[str, Any]:
    """Return the state: document, quota, events and identities."""
    quota = assembly.limits.quota
    return {
        "document": assembly.machine.document,
        "rate_limit": quota.rate_limit,
        "retry_after": quota.retry_after,
        "scheduledevents": assembly.schedule.build_document("2020-07-01"),
        "identities": [
            {"name": each.name, "client_id": each.client_id, "object_id": each.object_id}
            for each in assembly.identities
        ],
    }


def _tag(assembly: Assembly, tags: Mapping[str, object]) -> None:
    for name, value in tags.items():
        assembly.machine.tag(name, _check_text(f"tag {format_value(name)}", value))


def _untag(assembly: Assembly, names: list[object]) -> None:
    for name in names:
        assembly.machine.untag(_check_text("untag", name))


def _resize(assembly: Assembly, size: str) -> None:
    assembly.machine.resize(size)


def _set(assembly: Assembly, fields: Mapping[str, object]) -> None:
    for path, value in fields.items():
        assembly.machine.set(path, value)


def _fault(assembly: Assembly, script: str | Mapping[str, object]) -> None:
    for path, text in (dict([parse_fault(script)]) if isinstance(script, str) else script).items():
        where = f"fault of {format_value(path)}"
        assembly.faults.set(_check_text(where, text), path=_check_text(where, path))


def _throttle(assembly: Assembly, limits: Mapping[str, Any]) -> None:
    assembly.limits.change(**{name: _check_limit(name, value) for name, value in limits.items()})


def _check_limit(name: str, value: object) -> float | None:
    if name not in LIMITS:
        raise EmulatorError(f"throttle: unknown limit {format_value(name)}; allowed: {format_choices(LIMITS)}")
    if name == "retry_after" and value is None:
        return None
    try:
        return check_duration(value) if name == "retry_after" else check_number(value)
    except EmulatorError as error:
        raise EmulatorError(f"throttle: {name}: {error}") from error


def _event(assembly: Assembly, given: str | Mapping[str, Any]) -> None:
    if isinstance(given, str):
        plan = parse_event_plan(given)
    elif "type" not in given:
        raise EmulatorError("an event needs a type")
    else:
        plan = build_event_plan(given["type"], {name: value for name, value in given.items() if name != "type"})
    schedule_event(assembly.schedule, plan, machine_name=assembly.machine.name)


def _cancel_event(assembly: Assembly, event_id: str) -> None:
    if not assembly.schedule.cancel(event_id):
        raise EmulatorError(f"cancel_event: unknown event {format_value(event_id)}")


def _check_text(where: str, value: object) -> str:
    if not isinstance(value, str):
        raise EmulatorError(f"{where}: expected text, not {format_value(value)}")
    return value


def _proxy_agent(assembly: Assembly, text: str) -> None:
    if assembly.agent is None:
        raise EmulatorError("proxy_agent: this emulator was started without --proxy-agent")
    assembly.agent.change(parse_agent_plan(text))


# Name → the types of its value, and the function that applies it.
CHANGES: dict[str, tuple[Any, Callable[[Assembly, Any], None]]] = {
    "tag": (Mapping, _tag),
    "untag": (list, _untag),
    "resize": (str, _resize),
    "set": (Mapping, _set),
    "fault": ((str, Mapping), _fault),
    "throttle": (Mapping, _throttle),
    "proxy_agent": (str, _proxy_agent),
    "event": ((str, Mapping), _event),
    "cancel_event": (str, _cancel_event),
}
_TYPE_NAMES: dict[Any, str] = {
    Mapping: "an object",
    list: "an array",
    str: "text",
    (str, Mapping): "text or an object",
}
