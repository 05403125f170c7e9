# SPDX-License-Identifier: Apache-2.0
"""Plans of scheduled events: `Reboot`, or `Freeze:after=10s:notice=30s:duration=5:resources=web-01+web-02`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from azure_imds_facts.emulator.errors import EmulatorError, check_choice, format_choices
from azure_imds_facts.emulator.quantities import parse_duration

from .events import EVENT_KINDS, EVENT_SOURCES, EventSchedule

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["EVENT_OPTIONS", "EventPlan", "build_event_plan", "parse_event_plan", "schedule_event"]


def _parse_seconds(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise EmulatorError(f"{text!r} is not a whole number of seconds; -1 means unknown") from None


# Option → the argument of EventSchedule.add() that it sets, and the parser of its text.
EVENT_OPTIONS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "after": ("after_s", parse_duration),
    "notice": ("notice_s", parse_duration),
    "lasts": ("lasts_s", parse_duration),
    "cancelled": ("cancelled_s", parse_duration),
    "duration": ("duration_s", _parse_seconds),
    "resources": ("resources", lambda text: tuple(text.split("+"))),
    "source": ("source", str),
    "description": ("description", str),
}


@dataclass(frozen=True)
class EventPlan:
    """An event to schedule; `arguments` are those of EventSchedule.add()."""

    kind: str
    arguments: Mapping[str, Any]


def parse_event_plan(text: str) -> EventPlan:
    """Parse a plan.

    Raises:
        EmulatorError: a part is invalid; names the part and the allowed values.
    """
    kind, *options = text.split(":")
    return build_event_plan(kind, dict(_split_option(option, text) for option in options))


def build_event_plan(kind: str, options: Mapping[str, object]) -> EventPlan:
    """Build a plan from options, whose values are text or already parsed.

    Raises:
        EmulatorError: a part is invalid; names the part and the allowed values.
    """
    check_choice("event", kind, EVENT_KINDS)
    arguments = {}
    for name, value in options.items():
        if name not in EVENT_OPTIONS:
            raise EmulatorError(f"event {kind}: unknown option {name!r}; allowed: {format_choices(EVENT_OPTIONS)}")
        argument, parse = EVENT_OPTIONS[name]
        try:
            arguments[argument] = parse(value) if isinstance(value, str) else value
        except EmulatorError as error:
            raise EmulatorError(f"event {kind}: {name}: {error}") from error
    check_choice("event source", arguments.get("source", "Platform"), EVENT_SOURCES)
    return EventPlan(kind, arguments)


def schedule_event(schedule: EventSchedule, plan: EventPlan, *, machine_name: str) -> str:
    """Add a planned event and return its id. It affects the machine itself unless the plan names others."""
    return schedule.add(plan.kind, **{"resources": (machine_name,), **plan.arguments})


def _split_option(option: str, text: str) -> tuple[str, str]:
    name, equals, value = option.partition("=")
    if not equals:
        raise EmulatorError(f"event {text!r}: invalid option {option!r}; use one like after=10s")
    return name, value
