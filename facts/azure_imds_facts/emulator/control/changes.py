# SPDX-License-Identifier: Apache-2.0
"""Changes to a running emulator, as an object that the control socket takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from azure_imds_facts.emulator.assembly import Assembly
from azure_imds_facts.emulator.errors import EmulatorError, choices
from azure_imds_facts.emulator.vm.event_plans import add_event, parse_event, plan_event

__all__ = ["CHANGES", "apply_changes", "describe"]


def apply_changes(assembly: Assembly, changes: object) -> dict[str, Any]:
    """Make changes in their order, and describe what has become of the emulator.

    Shape: `{"tag": {"env": "prod"}, "untag": ["old"], "resize": "Standard_D4s_v5", "set": {"compute.zone": "2"},
    "fault": "429*3" or {path: script}, "throttle": {"rate_limit": 1, "retry_after": 2},
    "event": "Reboot:notice=10s" or {"type": "Reboot"}, "cancel_event": id}`.

    Raises:
        EmulatorError: a change is unknown or wrong; those before it have been made.
    """
    if not isinstance(changes, Mapping):
        raise EmulatorError(f"expected an object with some of {choices(CHANGES)}")
    for name, value in changes.items():
        if name not in CHANGES:
            raise EmulatorError(f"unknown change {name!r}; allowed: {choices(CHANGES)}")
        kind, change = CHANGES[name]
        if not isinstance(value, kind):
            raise EmulatorError(f"{name}: expected {_NAMES[kind]}, not {value!r}")
        change(assembly, value)
    return describe(assembly)


def describe(assembly: Assembly) -> dict[str, Any]:
    """Return the state: document, quota, events and identities."""
    quota = assembly.limits.quota
    return {
        "document": assembly.machine.document,
        "rate_limit": quota.rate,
        "retry_after": quota.retry_after_s,
        "scheduledevents": assembly.events.show("2020-07-01"),
        "identities": [
            {"name": each.name, "client_id": each.client_id, "object_id": each.object_id}
            for each in assembly.identities
        ],
    }


def _tag(assembly: Assembly, tags: Mapping[str, object]) -> None:
    for name, value in tags.items():
        if not isinstance(value, str):
            raise EmulatorError(f"tag {name!r}: expected text, not {value!r}")
        assembly.machine.tag(name, value)


def _untag(assembly: Assembly, names: list[object]) -> None:
    for name in names:
        assembly.machine.untag(str(name))


def _set(assembly: Assembly, fields: Mapping[str, object]) -> None:
    for path, value in fields.items():
        assembly.machine.set(path, value)


def _fault(assembly: Assembly, script: str | Mapping[str, str]) -> None:
    for path, text in ({"/": script} if isinstance(script, str) else script).items():
        assembly.faults.set(str(text), path=path)


def _throttle(assembly: Assembly, limits: Mapping[str, Any]) -> None:
    known = {"rate_limit": "rate", "identity_rate_limit": "identity_rate", "retry_after": "retry_after_s"}
    for name, value in limits.items():
        if name not in known:
            raise EmulatorError(f"throttle: unknown limit {name!r}; allowed: {choices(known)}")
        if not isinstance(value, (int, float)) and not (value is None and name == "retry_after"):
            raise EmulatorError(f"throttle: {name}: expected a number, not {value!r}")
        assembly.limits.change(**{known[name]: value})


def _event(assembly: Assembly, plan: str | Mapping[str, Any]) -> None:
    if isinstance(plan, str):
        planned = parse_event(plan)
    else:
        options = {name: tuple(v) if isinstance(v, list) else v for name, v in plan.items() if name != "type"}
        planned = plan_event(str(plan.get("type")), options)
    add_event(assembly.events, planned, machine=assembly.machine_name)


# Name → what its value is, and what it does.
def _cancel(assembly: Assembly, event_id: str) -> None:
    if not assembly.events.cancel(event_id):
        raise EmulatorError(f"cancel_event: there is no event {event_id}")


CHANGES: dict[str, tuple[Any, Callable[[Assembly, Any], None]]] = {
    "tag": (dict, _tag),
    "untag": (list, _untag),
    "resize": (str, lambda assembly, size: assembly.machine.resize(size)),
    "set": (dict, _set),
    "fault": ((str, dict), _fault),
    "throttle": (dict, _throttle),
    "event": ((str, dict), _event),
    "cancel_event": (str, _cancel),
}
_NAMES: dict[Any, str] = {dict: "an object", list: "an array", str: "text", (str, dict): "text or an object"}
