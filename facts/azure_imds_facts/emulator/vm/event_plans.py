# SPDX-License-Identifier: Apache-2.0
"""Events as people plan them: `Reboot`, or `Freeze:after=10s:notice=30s:duration=5:resources=web-01+web-02`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from azure_imds_facts.emulator.errors import EmulatorError, choices
from azure_imds_facts.emulator.quantities import parse_duration

from .events import EVENT_KINDS, Events

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["EVENT_OPTIONS", "PlannedEvent", "add_event", "parse_event", "plan_event"]


def _parse_seconds(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise EmulatorError(f"{text!r} is no whole number of seconds; -1 means unknown") from None


# Option → the argument of Events.add() that it becomes, and how its text is read.
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
class PlannedEvent:
    """An event to add when the emulator starts; `arguments` are those of Events.add()."""

    kind: str
    arguments: Mapping[str, Any]


def parse_event(text: str) -> PlannedEvent:
    """Read an event's plan.

    Raises:
        EmulatorError: names the part that is wrong and what is allowed.
    """
    kind, *options = text.split(":")
    return plan_event(kind, dict(_split(option, text) for option in options))


def plan_event(kind: str, options: Mapping[str, object]) -> PlannedEvent:
    """Check an event's kind and options, whose values may be text or what text would become.

    Raises:
        EmulatorError: names the part that is wrong and what is allowed.
    """
    if kind not in EVENT_KINDS:
        raise EmulatorError(f"unknown event {kind!r}; allowed: {choices(EVENT_KINDS)}")
    arguments = {}
    for name, value in options.items():
        if name not in EVENT_OPTIONS:
            raise EmulatorError(f"event {kind}: unknown option {name!r}; allowed: {choices(EVENT_OPTIONS)}")
        argument, read = EVENT_OPTIONS[name]
        try:
            arguments[argument] = read(value) if isinstance(value, str) else value
        except EmulatorError as error:
            raise EmulatorError(f"event {kind}: {name}: {error}") from error
    if arguments.get("source", "Platform") not in ("Platform", "User"):
        raise EmulatorError(f"event {kind}: unknown source {arguments['source']!r}; allowed: Platform, User")
    return PlannedEvent(kind, arguments)


def add_event(events: Events, planned: PlannedEvent, *, machine: str) -> str:
    """Add a planned event; it concerns the machine itself unless the plan names others. Returns its id."""
    return events.add(planned.kind, **{"resources": (machine,), **planned.arguments})


def _split(option: str, text: str) -> tuple[str, str]:
    name, equals, value = option.partition("=")
    if not equals:
        raise EmulatorError(f"event {text!r}: {option!r} is no option; write one like after=10s")
    return name, value
