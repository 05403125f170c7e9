# SPDX-License-Identifier: Apache-2.0
"""Plans of scheduled events: `Reboot`, or `Freeze:after=10s:notice=30s:duration=5:resources=web-01+web-02`.

Options come as text from flags and scenario files, as any JSON over the control socket, and as anything from Python.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from azure_imds_facts.emulator.errors import EmulatorError, check_choice, format_choices, format_value
from azure_imds_facts.emulator.quantities import check_duration, check_whole_number

from .events import EVENT_KINDS, EVENT_SOURCES, EventSchedule

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["EVENT_OPTIONS", "EventPlan", "build_event_plan", "parse_event_plan", "schedule_event", "split_event"]


def _check_seconds(value: object) -> int:
    """Return whole seconds, -1 for unknown, within the 32 bits of the swagger's integer."""
    return check_whole_number(value, least=-1, most=2**31 - 1)


def _check_resources(value: object) -> tuple[str, ...]:
    names = value.split("+") if isinstance(value, str) else value
    if not isinstance(names, (list, tuple)) or not all(isinstance(name, str) for name in names):
        raise EmulatorError(f"expected names joined with +, or a list of names, not {format_value(value)}")
    return tuple(names)


def _check_source(value: object) -> str:
    check_choice("event source", value, EVENT_SOURCES)
    return str(value)


def _check_text(value: object) -> str:
    if not isinstance(value, str):
        raise EmulatorError(f"expected text, not {format_value(value)}")
    return value


# Option → the argument of EventSchedule.add() that it sets, and the check that returns the argument's value.
EVENT_OPTIONS: dict[str, tuple[str, Callable[[object], Any]]] = {
    "after": ("after_s", check_duration),
    "notice": ("notice_s", check_duration),
    "lasts": ("lasts_s", check_duration),
    "cancelled": ("cancelled_s", check_duration),
    "duration": ("duration_s", _check_seconds),
    "resources": ("resources", _check_resources),
    "source": ("source", _check_source),
    "description": ("description", _check_text),
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
    return build_event_plan(*split_event(text))


def split_event(text: object) -> tuple[object, dict[str, str]]:
    """Return the type of an event in the form of the flag, and its options, all unchecked.

    Raises:
        EmulatorError: an option has no value.
    """
    if not isinstance(text, str):
        return text, {}
    kind, *options = text.split(":")
    return kind, dict(_split_option(option, text) for option in options)


def build_event_plan(kind: object, options: Mapping[str, object]) -> EventPlan:
    """Build a plan from options, whose values are text, numbers or lists.

    Raises:
        EmulatorError: a part is invalid; names the part and the allowed values.
    """
    check_choice("event", kind, EVENT_KINDS)
    arguments = {}
    for name, value in options.items():
        if name not in EVENT_OPTIONS:
            allowed = format_choices(EVENT_OPTIONS)
            raise EmulatorError(f"event {kind}: unknown option {format_value(name)}; allowed: {allowed}")
        argument, check = EVENT_OPTIONS[name]
        try:
            arguments[argument] = check(value)
        except EmulatorError as error:
            raise EmulatorError(f"event {kind}: {name}: {error}") from error
    return EventPlan(str(kind), arguments)


def schedule_event(schedule: EventSchedule, plan: EventPlan, *, machine_name: str) -> str:
    """Add a planned event and return its id. It affects the machine itself unless the plan names others."""
    return schedule.add(plan.kind, **{"resources": (machine_name,), **plan.arguments})


def _split_option(option: str, text: str) -> tuple[str, str]:
    name, equals, value = option.partition("=")
    if not equals:
        raise EmulatorError(
            f"event {format_value(text)}: invalid option {format_value(option)}; use one like after=10s"
        )
    return name, value
