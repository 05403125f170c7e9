# SPDX-License-Identifier: Apache-2.0
"""A watch of scheduled events: each change once, across outages of IMDS and restarts of the watching process."""

from __future__ import annotations

from .. import errors
from ..collector import collect
from ..document import parse_compute_text
from ..reporter import Reporter
from .model import SCHEDULED, Change, Timeline, changes
from .spelling import spell_change
from .told import Told

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
        self._told = Told(vm_name)
        self._has_reported_skipped = False
        self._empty_answers = 0
        self.approve_again_s = _APPROVE_AGAIN_S
        self._pending: set[str] = set()
        # The last answer, without what is not followed; when it came; how many changes found no place.
        self.timeline: Timeline | None = None
        self.looked_s: float | None = None
        self.failures = 0
        self.untold = 0

    @property
    def wait_s(self) -> float:
        """Seconds until the next poll asks; a poll before that asks nothing and returns `[]`."""
        return max(0.0, self._due - self._clock.monotonic())

    def poll(self) -> list[Change]:
        """Ask once, and return what changed since the last answer; `[]` also without an answer.

        A failure is reported once as long as it stays the same, and so is its end. It raises nothing.
        """
        timeline = self.fetch()
        return [] if timeline is None else self.take(timeline)

    def fetch(self) -> Timeline | None:
        """Ask once, and return the answer for `take`; None without one, and before its time. It raises nothing."""
        if self.wait_s > 0:
            return None
        self._due = self._clock.monotonic() + self._interval_s
        answer = self._client.fetch_once(pick=self._told.pick)
        timeline: Timeline | None = answer.value
        if timeline is None:
            self._empty_answers = 0  # what comes after a failure is not the second in a row
            self._note_failure(answer)
            return None
        self.looked_s = self._clock.time()
        if self._reported_outcome:
            self._reported_outcome = ""
            self._reporter.notice("IMDS answers again; watching goes on.")
        return timeline

    def take(self, timeline: Timeline, *, admits: Callable[[Change], bool] | None = None) -> list[Change]:
        """Return what changed since the last answer, each change once, Preempt and Terminate first.

        A change that `admits` refuses is not told: the next answer brings it again.
        """
        # Recorded: an empty body means that nothing is planned. One alone may be an accident.
        is_empty = timeline.incarnation is None and not timeline.events
        self._empty_answers = self._empty_answers + 1 if is_empty else 0
        if self._empty_answers == 1 and self._told.events:
            return []
        if timeline.skipped and not self._has_reported_skipped:
            self._has_reported_skipped = True
            self._reporter.warn("IMDS lists events without a proper id; they are ignored.")
        for event in timeline.events:
            self._told.take_up(event)
        told = Timeline(incarnation=None, events=tuple(self._told.events.values()))
        found = changes(told, timeline, now=self._clock.time(), approved=self._told.approved)
        found.sort(key=lambda change: not change.event.is_urgent or change.is_end)
        self.timeline = timeline
        taken = []
        for change in found:
            if admits is None or admits(change):
                self._told.add(change)
                taken.append(change)
        self._told.sort(timeline)
        self.untold = len(found) - len(taken)
        return taken

    def take_pending(self, found: Iterable[Change]) -> list[Change]:
        """Return, once, the events that were to be approved when the state was stored, and have not changed since."""
        pending, self._pending = self._pending, set()
        changed = {change.event.key for change in found}
        listed = self.timeline.events if self.timeline else ()
        return [
            Change(kind=SCHEDULED, event=event, before=event)
            for event in listed
            if event.key in pending and event.key not in changed
        ]

    def take_back(self, change: Change) -> None:
        """Return a change again with the next answer: it lost its place."""
        self._told.take_back(change)

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
        self._told.approved.add(event_id.lower())
        return is_new

    def state(self, unfinished: Iterable[Change] = (), *, pending: Iterable[str] = ()) -> records.JsonObject:
        """Return what was told, for JSON, under 1 MiB: `restore` in a new process continues from there.

        `unfinished` changes were returned and not dealt with yet: a restored watch returns them again. `pending`: keys
        of events that are to be approved.
        """
        told = self._told.copy()
        for change in reversed(list(unfinished)):
            told.take_back(change)
        return told.spell(incarnation=self.timeline.incarnation if self.timeline else None, pending=pending)

    def restore(self, state: object) -> bool:
        """Continue from a state; return False, and begin anew, where it is no state or another VM's.

        `take_pending` returns the events that were to be approved then.
        """
        found = self._told.read(state)
        if found is None:
            return False
        self.timeline = Timeline(incarnation=found["incarnation"], events=tuple(self._told.events.values()))
        self._pending = found["pending"]
        return True

    def _note_failure(self, answer: Answer) -> None:
        if answer.error is None:
            return  # the api-version is still negotiated
        self.failures += 1
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
