# SPDX-License-Identifier: Apache-2.0
"""A watch of scheduled events: each change once, across outages of IMDS and restarts of the watching process."""

from __future__ import annotations

from .. import errors
from ..collector import collect
from ..document import parse_compute_text
from ..reporter import Reporter
from .model import COMPLETED, STARTED, Change, Timeline, changes, concerns, parse_timeline
from .spelling import spell_change

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .. import records
    from ..client import Answer
    from ..clock import Clock
    from ..settings import Settings
    from ..transport import Transport
    from .client import EventClient

# The longest Retry-After that is heeded: a Preempt gives thirty seconds' notice.
_LONGEST_WAIT_S = 15.0
# An approval that failed is not urgent: each takes the place of a poll.
_APPROVE_AGAIN_S = 5.0


class Watch:
    """A watch that remembers what it returned. A poll makes at most one request, and polls are `interval_s` apart.

    `vm_name`: return only events of this VM (`compute.name`); None: every event that IMDS lists.
    """

    def __init__(
        self,
        client: EventClient,
        *,
        vm_name: str | None,
        clock: Clock,
        interval_s: float = 1.0,
        reporter: Reporter | None = None,
    ) -> None:
        self._client = client
        self._vm_name = vm_name
        self._clock = clock
        self._interval_s = interval_s
        self._reporter = reporter or Reporter()
        self._due = clock.monotonic()
        self._reported_outcome = ""
        self._approved: set[str] = set()
        self._has_reported_skipped = False
        self._empty_answers = 0
        self.approve_again_s = _APPROVE_AGAIN_S
        self.timeline: Timeline | None = None

    @property
    def wait_s(self) -> float:
        """Seconds until the next poll asks; a poll before that asks nothing and returns `[]`."""
        return max(0.0, self._due - self._clock.monotonic())

    def poll(self) -> list[Change]:
        """Ask once, and return what changed since the last answer; `[]` also without an answer.

        A failure is reported once as long as it stays the same, and so is its end. It raises nothing.
        """
        if self.wait_s > 0:
            return []
        self._due = self._clock.monotonic() + self._interval_s
        answer = self._client.fetch_once()
        timeline: Timeline | None = answer.value
        if timeline is None:
            self._empty_answers = 0  # what comes after a failure is not the second in a row
            self._note_failure(answer)
            return []
        if self._reported_outcome:
            self._reported_outcome = ""
            self._reporter.notice("IMDS answers again; watching goes on.")
        return self._take(timeline)

    def spell(self, change: Change) -> records.JsonObject:
        """Return a change for programs, as of now."""
        return spell_change(change, now_s=self._clock.time(), vm_name=self._vm_name)

    def approve(self, event_id: str, *, timeout_s: float | None = None) -> bool:
        """Approve an event as the client does, in one request, and remember that its end is no cancellation.

        After a failure, `approve_again_s` is the number of seconds after which to try again.
        """
        try:
            is_new = self._client.approve(event_id, timeline=self.timeline, timeout_s=timeout_s, is_patient=False)
        finally:
            asked_s = self._client.retry_after_s
            self.approve_again_s = _APPROVE_AGAIN_S if asked_s is None else min(asked_s, _LONGEST_WAIT_S)
        self._approved.add(event_id.lower())
        return is_new

    def state(self, unfinished: Iterable[Change] = ()) -> records.JsonObject:
        """Return what was returned by `poll`, for JSON: `restore` in a new process continues from there.

        `unfinished` changes were returned and not dealt with yet: a restored watch returns them again.
        """
        events = {event.key: event for event in self.timeline.events} if self.timeline else {}
        approved = set(self._approved)
        for change in reversed(list(unfinished)):
            if change.kind in (STARTED, COMPLETED):
                approved.add(change.event.key)  # as its end will be no cancellation either
            if change.before is not None:
                events[change.event.key] = change.before
            else:
                events.pop(change.event.key, None)
        return {
            "vmName": self._vm_name,
            "incarnation": self.timeline.incarnation if self.timeline else None,
            "events": [event.raw for event in events.values()],
            "approved": sorted(approved),
        }

    def restore(self, state: object) -> bool:
        """Continue from a state; return False, and begin anew, where it is no state or another VM's."""
        if not isinstance(state, dict) or state.get("vmName") != self._vm_name:
            return False
        try:
            stored = {"DocumentIncarnation": state.get("incarnation"), "Events": state.get("events")}
            self.timeline = parse_timeline(stored, empty=stored if stored["DocumentIncarnation"] is None else None)
        except errors.InvalidError:
            return False
        if self.timeline.skipped:
            self.timeline = None
            return False
        approved = state.get("approved")
        self._approved = {key for key in approved if isinstance(key, str)} if isinstance(approved, list) else set()
        return True

    def _take(self, timeline: Timeline) -> list[Change]:
        # Recorded: an empty body means that nothing is planned. One alone may be an accident.
        is_empty = timeline.incarnation is None and not timeline.events
        self._empty_answers = self._empty_answers + 1 if is_empty else 0
        if self._empty_answers == 1 and self.timeline and self.timeline.events:
            return []
        own = tuple(event for event in timeline.events if self._vm_name is None or concerns(event, self._vm_name))
        after = Timeline(incarnation=timeline.incarnation, events=own)
        if timeline.skipped and not self._has_reported_skipped:
            self._has_reported_skipped = True
            self._reporter.warn("IMDS lists events without a proper id; they are ignored.")
        found = changes(self.timeline, after, now=self._clock.time(), approved=self._approved)
        self.timeline = after
        self._approved.intersection_update(event.key for event in own)
        return found

    def _note_failure(self, answer: Answer) -> None:
        if answer.error is None:
            return  # the api-version is still negotiated
        if answer.wait_s is not None:
            self._due += min(answer.wait_s, _LONGEST_WAIT_S) - min(self._interval_s, answer.wait_s)
        if answer.error.outcome != self._reported_outcome:
            self._reported_outcome = answer.error.outcome
            self._reporter.notice(f"{answer.error} Watching goes on.")


def fetch_vm_name(settings: Settings, *, open_transport: Callable[[], Transport], reporter: Reporter) -> str:
    """Return this VM's name, `compute.name`, which events list. Raises the ImdsError of the outcome."""
    snapshot = collect(settings, open_transport=open_transport, reporter=reporter)
    name = parse_compute_text(snapshot.document, "name")
    if not name:
        raise errors.UnavailableError(
            "IMDS gives this VM no name.", hint="Set its name as vm_name, or watch the events of all VMs."
        )
    return name
