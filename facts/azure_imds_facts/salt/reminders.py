# SPDX-License-Identifier: Apache-2.0
"""Events that wait are told again: a beacon does not know whether a master hears it, and what none hears is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from azure_imds_facts.core.clock import Clock
    from azure_imds_facts.core.events.model import Event

# So often at least before `not_before`.
_LEAST = 3


class Reminders:
    """When each event is due. `every_s` 0: never; `is_acknowledged` is asked for the event's id."""

    def __init__(self, clock: Clock, *, every_s: float, is_acknowledged: Callable[[str], bool]) -> None:
        self._clock = clock
        self._every_s = every_s
        self._is_acknowledged = is_acknowledged
        # Event's key → (when it is due, seconds from one time to the next).
        self._due: dict[str, tuple[float, float]] = {}

    def note(self, event: Event) -> None:
        """Count from now on: the event was told."""
        notice_s = self._every_s if event.not_before_s is None else event.not_before_s - self._clock.time()
        pause_s = min(self._every_s, notice_s / (_LEAST + 1)) if notice_s > 0 else self._every_s
        self._due[event.key] = (self._clock.monotonic() + pause_s, pause_s)

    def take_due(self, events: Iterable[Event]) -> list[Event]:
        """Return those to tell again, of all that there are. One that this process has not told yet is noted."""
        waiting = {event.key: event for event in events if not event.is_started} if self._every_s else {}
        self._due = {key: due for key, due in self._due.items() if key in waiting}
        found = []
        for key, event in waiting.items():
            if key not in self._due:
                self.note(event)
            moment, pause_s = self._due[key]
            now = self._clock.monotonic()
            if now < moment:
                continue
            # From when it was due, not from now: a minion that is late is not to skip one.
            is_late = now - moment > pause_s
            self._due[key] = (now + pause_s if is_late else moment + pause_s, pause_s)
            if not self._is_acknowledged(event.event_id):
                found.append(event)
        return found
