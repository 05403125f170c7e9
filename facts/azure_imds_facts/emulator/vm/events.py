# SPDX-License-Identifier: Apache-2.0
"""Scheduled events and their life cycle: announced, started at NotBefore or by an approval, and removed."""

from __future__ import annotations

import math
import threading
import time
import uuid
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

from azure_imds_facts.emulator.errors import check_choice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["EVENT_KINDS", "EVENT_SOURCES", "Event", "EventKind", "EventSchedule"]


@dataclass(frozen=True)
class EventKind:
    """The defaults of a kind of event.

    `notice_s`: time from announcement to `NotBefore` (documented; for Terminate the user sets 5 to 15 minutes).
    `duration_s`: `DurationInSeconds`, -1 unknown. `lasts_s`: time in state `Started`, in which Azure also checks the
    machine's health. `since`: the first version that lists it. `description`: where the platform or, if not empty,
    `by_user`, where a user is the source.

    Freeze, Reboot and Redeploy have the medians and texts that Microsoft recorded in 2025
    (Azure-Samples/scheduled-events-mock-server), except that of a Reboot by the platform: that text is documented
    without its type. A Preempt was recorded without text; how long it is `Started`, and all of Terminate, is assumed.
    """

    notice_s: float
    duration_s: int
    lasts_s: float
    since: str
    description: str
    by_user: str = ""

    def describe(self, source: str) -> str:
        """Return the description of an event from a source."""
        return (self.by_user if source == "User" else "") or self.description


_LIVE_MIGRATION = "Virtual machine is being paused because of a memory-preserving Live Migration operation."
_MAINTENANCE = "Host server is undergoing maintenance."
_FAILURE = "Virtual machine has encountered a failure."
_REBOOT = "Virtual machine is going to be restarted as requested by authorized user."
_REDEPLOY = "Virtual machine is going to be redeployed as requested by authorized user."

EVENT_KINDS: dict[str, EventKind] = {
    "Freeze": EventKind(900, 5, 300, "2017-03-01", _LIVE_MIGRATION),
    "Reboot": EventKind(900, -1, 600, "2017-03-01", _MAINTENANCE, by_user=_REBOOT),
    "Redeploy": EventKind(600, -1, 600, "2017-03-01", _FAILURE, by_user=_REDEPLOY),
    "Preempt": EventKind(30, -1, 30, "2017-11-01", ""),
    "Terminate": EventKind(300, -1, 60, "2019-01-01", ""),
}


EVENT_SOURCES = ("Platform", "User")


@dataclass
class Event:
    """One event. Times are Unix time in seconds. `ends_at` is set when it starts.

    `cancelled_at`: when Azure cancels it, unless it has started by then.
    """

    kind: str
    announced_at: float
    not_before: float
    lasts_s: float
    duration_s: int
    resources: tuple[str, ...]
    source: str
    description: str
    id: str = field(default_factory=lambda: str(uuid.uuid4()).upper())
    status: str = ""
    ends_at: float = 0
    cancelled_at: float = math.inf

    @property
    def transition_at(self) -> float:
        """When it will be announced, started or removed."""
        starts_at = min(self.not_before, self.cancelled_at)
        return {"": self.announced_at, "Scheduled": starts_at}.get(self.status, self.ends_at)

    def advance(self, now: float) -> None:
        """Enter the next state."""
        if self.status == "Scheduled" and self.not_before <= self.cancelled_at:
            self.status, self.ends_at = "Started", now + self.lasts_s
        else:
            self.status = "Scheduled" if self.status == "" else "Gone"


class EventSchedule:
    """The events of a machine, and the incarnation of the document that lists them. Thread-safe.

    `scale`: how many times faster than in Azure time passes; `NotBefore` is the real start time. `first_call_delay_s`:
    the first request activates the service and waits that long, up to two minutes in Azure. After a day without
    requests the service is deactivated (both documented).
    """

    _IDLE_S = 24 * 3600

    def __init__(
        self, *, scale: float = 1, first_call_delay_s: float = 0, clock: Callable[[], float] = time.time
    ) -> None:
        self._scale = scale
        self._delay_s = first_call_delay_s
        self._clock = clock
        self._lock = threading.Lock()
        self._events: list[Event] = []
        self._announced_ids: set[str] = set()
        self._last_request_at: float | None = None
        self.incarnation = 1

    def add(
        self,
        kind: str,
        *,
        resources: Iterable[str],
        after_s: float = 0,
        notice_s: float | None = None,
        duration_s: int | None = None,
        lasts_s: float | None = None,
        cancelled_s: float | None = None,
        source: str = "Platform",
        description: str | None = None,
    ) -> str:
        """Add an event and return its id. It is announced after `after_s` and cancelled `cancelled_s` later, if given.

        Raises:
            EmulatorError: the kind or the source is unknown.
        """
        check_choice("event", kind, EVENT_KINDS)
        check_choice("event source", source, EVENT_SOURCES)
        defaults = EVENT_KINDS[kind]
        announced_at = self._clock() + after_s / self._scale
        event = Event(
            kind=kind,
            announced_at=announced_at,
            not_before=announced_at + (defaults.notice_s if notice_s is None else notice_s) / self._scale,
            lasts_s=(defaults.lasts_s if lasts_s is None else lasts_s) / self._scale,
            duration_s=defaults.duration_s if duration_s is None else duration_s,
            resources=tuple(resources),
            source=source,
            description=defaults.describe(source) if description is None else description,
            cancelled_at=math.inf if cancelled_s is None else announced_at + cancelled_s / self._scale,
        )
        with self._lock:
            self._events.append(event)
            self._advance()
        return event.id

    def cancel(self, event_id: str) -> bool:
        """Remove an event, as Azure does when its cause is gone; return whether it was found."""
        with self._lock:
            self._advance()
            remaining = [event for event in self._events if event.id.lower() != event_id.lower()]
            self.incarnation += any(event.status for event in self._events if event not in remaining)
            is_found = len(remaining) < len(self._events)
            self._events = remaining
            return is_found

    def approve(self, event_ids: Iterable[str]) -> bool:
        """Start events before NotBefore. If an id was never announced, return False and start none."""
        approved = {event_id.lower() for event_id in event_ids}
        with self._lock:
            self._advance()
            if not approved <= self._announced_ids:
                return False
            now = self._clock()
            for event in self._events:
                if event.id.lower() in approved and event.status == "Scheduled":
                    event.not_before = now
            self._advance()
            return True

    def build_document(self, version: str) -> dict[str, Any]:
        """Return the document in a version of /metadata/scheduledevents."""
        with self._lock:
            self._advance()
            listed = [
                _project_event(event, version)
                for event in self._events
                if event.status and EVENT_KINDS[event.kind].since <= version
            ]
            return {"DocumentIncarnation": self.incarnation, "Events": listed}

    def activate(self) -> float:
        """Note a request, which activates the service; return the seconds by which its response is delayed."""
        with self._lock:
            now, previous = self._clock(), self._last_request_at
            self._last_request_at = now
            is_active = previous is not None and now - previous < self._IDLE_S / self._scale
            return 0 if is_active else self._delay_s / self._scale

    def _advance(self) -> None:
        """Apply all transitions that are due, in their order. Each one makes a new incarnation."""
        now = self._clock()
        while True:
            due = [event for event in self._events if event.transition_at <= now]
            if not due:
                return
            event = min(due, key=lambda each: each.transition_at)
            event.advance(event.transition_at)
            self._announced_ids.add(event.id.lower())
            self.incarnation += 1
            if event.status == "Gone":
                self._events.remove(event)


def _project_event(event: Event, version: str) -> dict[str, Any]:
    """Return the fields of an event in a version. The preview prefixed resource names with `_` (documented)."""
    prefix = "_" if version < "2017-08-01" else ""
    is_started = event.status == "Started"
    fields: list[tuple[str, str, object]] = [
        ("", "EventId", event.id),
        ("", "EventStatus", event.status),
        ("", "EventType", event.kind),
        ("", "ResourceType", "VirtualMachine"),
        ("", "Resources", [prefix + name for name in event.resources]),
        ("", "NotBefore", "" if is_started else formatdate(event.not_before, usegmt=True)),
        ("2019-04-01", "Description", event.description),
        ("2019-08-01", "EventSource", event.source),
        ("2020-07-01", "DurationInSeconds", event.duration_s),
    ]
    return {name: value for since, name, value in fields if since <= version}
