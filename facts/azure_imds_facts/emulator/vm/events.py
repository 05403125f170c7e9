# SPDX-License-Identifier: Apache-2.0
"""Scheduled events and their lives: announced, started when their time or an approval has come, gone when over."""

from __future__ import annotations

import math
import threading
import time
import uuid
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

from azure_imds_facts.emulator.errors import EmulatorError, choices

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["EVENT_KINDS", "Event", "EventKind", "Events"]


@dataclass(frozen=True)
class EventKind:
    """What Azure says of a kind of event.

    `notice_s`: time from announcement to `NotBefore` (documented; for Terminate the user sets 5 to 15
    minutes). `duration_s`: `DurationInSeconds`, -1 unknown (assumed). `lasts_s`: time it stays `Started`
    (assumed).
    """

    notice_s: float
    duration_s: int
    lasts_s: float
    since: str
    description: str


EVENT_KINDS: dict[str, EventKind] = {
    "Freeze": EventKind(900, 5, 10, "2017-03-01", "The machine will be paused for a few seconds."),
    "Reboot": EventKind(900, -1, 60, "2017-03-01", "The machine will be rebooted."),
    "Redeploy": EventKind(600, -1, 120, "2017-03-01", "The machine will be moved to another node."),
    "Preempt": EventKind(30, -1, 30, "2017-11-01", "The Spot machine will be evicted."),
    "Terminate": EventKind(300, -1, 60, "2019-01-01", "The machine will be deleted."),
}


@dataclass
class Event:
    """One event. Times are of the wall clock, in seconds; `ends_at` is known once it has started.

    `cancelled_at`: when Azure takes it back, unless it has started by then.
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

    def next_change(self) -> float:
        """When it will be announced, start, or be over."""
        starts_at = min(self.not_before, self.cancelled_at)
        return {"": self.announced_at, "Scheduled": starts_at}.get(self.status, self.ends_at)

    def change(self, now: float) -> None:
        """Go on to the next stage of its life."""
        if self.status == "Scheduled" and self.not_before <= self.cancelled_at:
            self.status, self.ends_at = "Started", now + self.lasts_s
        else:
            self.status = "Scheduled" if self.status == "" else "Gone"


class Events:
    """All events of a machine, and the number of the document that lists them. Thread-safe.

    `scale`: how many times faster than in Azure things happen; `NotBefore` tells the real time at which they
    will. `first_call_delay_s`: the first request switches the service on and waits that long, up to two
    minutes in Azure; after a day without requests it is switched off again (both documented).
    """

    _SILENCE_S = 24 * 3600

    def __init__(
        self, *, scale: float = 1, first_call_delay_s: float = 0, clock: Callable[[], float] = time.time
    ) -> None:
        self._scale = scale
        self._delay_s = first_call_delay_s
        self._clock = clock
        self._lock = threading.Lock()
        self._events: list[Event] = []
        self._known: set[str] = set()
        self._asked_at: float | None = None
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
        """Plan an event, to be announced after a while, perhaps to be taken back after another; return its id.

        Raises:
            EmulatorError: nobody knows that kind or source.
        """
        if kind not in EVENT_KINDS:
            raise EmulatorError(f"unknown event {kind!r}; allowed: {choices(EVENT_KINDS)}")
        if source not in ("Platform", "User"):
            raise EmulatorError(f"unknown event source {source!r}; allowed: Platform, User")
        usual = EVENT_KINDS[kind]
        announced_at = self._clock() + after_s / self._scale
        event = Event(
            kind=kind,
            announced_at=announced_at,
            not_before=announced_at + _pick(notice_s, usual.notice_s) / self._scale,
            lasts_s=_pick(lasts_s, usual.lasts_s) / self._scale,
            duration_s=usual.duration_s if duration_s is None else duration_s,
            resources=tuple(resources),
            source=source,
            description=usual.description if description is None else description,
            cancelled_at=math.inf if cancelled_s is None else announced_at + cancelled_s / self._scale,
        )
        with self._lock:
            self._events.append(event)
            self._advance()
        return event.id

    def cancel(self, event_id: str) -> bool:
        """Take an event back, as Azure does where the reason has gone; return whether there was one to take back."""
        with self._lock:
            self._advance()
            kept = [event for event in self._events if event.id.lower() != event_id.lower()]
            self.incarnation += any(event.status for event in self._events if event not in kept)
            is_found = len(kept) < len(self._events)
            self._events = kept
            return is_found

    def approve(self, event_ids: Iterable[str]) -> bool:
        """Start events before their time; False, and nothing done, where an id was never announced."""
        wanted = {event_id.lower() for event_id in event_ids}
        with self._lock:
            self._advance()
            if not wanted <= self._known:
                return False
            now = self._clock()
            for event in self._events:
                if event.id.lower() in wanted and event.status == "Scheduled":
                    event.not_before = now
            self._advance()
            return True

    def show(self, version: str) -> dict[str, Any]:
        """Return the document in a version of /metadata/scheduledevents."""
        with self._lock:
            self._advance()
            shown = [
                _spell(event, version)
                for event in self._events
                if event.status and EVENT_KINDS[event.kind].since <= version
            ]
            return {"DocumentIncarnation": self.incarnation, "Events": shown}

    def wake(self) -> float:
        """Note a request; return the seconds for which its answer is held back."""
        with self._lock:
            now, before = self._clock(), self._asked_at
            self._asked_at = now
            is_awake = before is not None and now - before < self._SILENCE_S / self._scale
            return 0 if is_awake else self._delay_s / self._scale

    def _advance(self) -> None:
        """Let everything happen that is due, in its order; each change makes a new document."""
        now = self._clock()
        while True:
            due = [event for event in self._events if event.next_change() <= now]
            if not due:
                return
            event = min(due, key=Event.next_change)
            event.change(event.next_change())
            self._known.add(event.id.lower())
            self.incarnation += 1
            if event.status == "Gone":
                self._events.remove(event)


def _pick(given: float | None, usual: float) -> float:
    return usual if given is None else given


def _spell(event: Event, version: str) -> dict[str, Any]:
    """Write an event with the fields of a version; names were prefixed with `_` in the preview (documented)."""
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
