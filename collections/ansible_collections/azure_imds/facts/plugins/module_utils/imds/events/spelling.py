# SPDX-License-Identifier: Apache-2.0
"""The spelling of an event for programs: one schema for commands, hooks, Salt, Ansible and Event-Driven Ansible.

Only the category `scheduledEvents` of the facts has IMDS's own objects instead.
"""

from __future__ import annotations

from ..reporter import printable
from .model import concerns_others

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .. import records
    from .model import Change, Event

# Linux takes no variable of more than 128 KiB.
_LONGEST_VALUE = 4096
# Variable of a command, after its prefix → field.
_VARIABLES = {
    "CHANGE": "change",
    "ID": "event_id",
    "TYPE": "event_type",
    "STATUS": "event_status",
    "RESOURCE_TYPE": "resource_type",
    "RESOURCES": "resources",
    "NOT_BEFORE": "not_before",
    "SECONDS_LEFT": "seconds_left",
    "DESCRIPTION": "description",
    "SOURCE": "event_source",
    "DURATION": "duration_in_seconds",
    "CONCERNS_OTHERS": "concerns_others",
}


def spell_event(event: Event, *, now_s: float, vm_name: str | None) -> records.JsonObject:
    """Return an event for programs. `now_s`: seconds since 1970; `vm_name`: this VM's `compute.name`, None: unknown.

    `seconds_left` is whole seconds until `not_before`, 0 at least, None once the event has started. `concerns_others`
    is None without a `vm_name`.
    """
    left_s = None if event.is_started or event.not_before_s is None else max(0, int(event.not_before_s - now_s))
    return {
        "event_id": event.event_id,
        "event_type": event.event_type,
        "event_status": event.status,
        "resource_type": event.resource_type,
        "resources": list(event.resources),
        "not_before": "" if event.is_started else event.not_before or "",
        "seconds_left": left_s,
        "description": event.description,
        "event_source": event.source,
        "duration_in_seconds": event.duration_s,
        "concerns_others": None if vm_name is None else concerns_others(event, vm_name),
    }


def spell_change(change: Change, *, now_s: float, vm_name: str | None, is_reminder: bool = False) -> records.JsonObject:
    """Return a change for programs: its kind as `change` and whether it is told again as `reminder`, then the event."""
    return {
        "change": change.kind,
        "reminder": is_reminder,
        **spell_event(change.event, now_s=now_s, vm_name=vm_name),
    }


def spell_approval(event_id: str, *, is_new: bool) -> records.JsonObject:
    """Return what an approval answers; `is_new` False: the event had started already."""
    return {"event_id": event_id, "approved": True, "already_started": not is_new}


def build_environment(spelled: records.JsonObject) -> dict[str, str]:
    """Return a command's variables about a spelled change: lists with commas, None empty, booleans as in JSON."""
    return {
        f"AZURE_IMDS_EVENT_{name}": printable(_spell_value(spelled[field]), most=_LONGEST_VALUE)
        for name, field in _VARIABLES.items()
    }


def _spell_value(value: object) -> str:
    if isinstance(value, list):
        return ",".join(value)
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)
