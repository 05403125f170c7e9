# SPDX-License-Identifier: Apache-2.0
"""Watch scheduled events: hear of each change once, across outages of IMDS and restarts of whoever watches."""

from __future__ import annotations

from . import errors
from .events import COMPLETED, STARTED, Change, Timeline, changes, concerns, parse_timeline

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from . import records
    from .client import Answer
    from .clock import Clock
    from .event_client import EventClient

# What Retry-After may ask for at most: a Preempt gives thirty seconds' notice.
_LONGEST_WAIT_S = 15.0
# An approval that failed is not urgent: each takes the place of a look for new events.
_APPROVE_AGAIN_S = 5.0


class Watch:
    """Remembers what it told. One request a poll at the most, and polls `interval_s` apart.

    `vm_name`: tell only what concerns this VM (`compute.name`); None: whatever IMDS lists.
    """

    def __init__(
        self,
        client: EventClient,
        *,
        vm_name: str | None,
        clock: Clock,
        interval_s: float = 1.0,
        reporter: errors.Reporter | None = None,
    ) -> None:
        self._client = client
        self._vm_name = vm_name
        self._clock = clock
        self._interval_s = interval_s
        self._reporter = reporter or errors.Reporter()
        self._due = clock.monotonic()
        self._told_outcome = ""
        self._approved: set[str] = set()
        self._told_skipped = False
        self.approve_again_s = _APPROVE_AGAIN_S
        self.timeline: Timeline | None = None

    @property
    def wait_s(self) -> float:
        """Seconds until the next poll asks; a poll before that asks nothing and returns `[]`."""
        return max(0.0, self._due - self._clock.monotonic())

    def poll(self) -> list[Change]:
        """Ask once, and return what changed since the last answer; `[]` also where there was none.

        A failure is told to the reporter, once as long as it stays the same, and so is its end. It raises nothing.
        """
        if self.wait_s > 0:
            return []
        self._due = self._clock.monotonic() + self._interval_s
        answer, timeline = self._client.ask_once()
        if timeline is None:
            self._note_failure(answer)
            return []
        if self._told_outcome:
            self._told_outcome = ""
            self._reporter.notice("IMDS answers again; watching goes on.")
        return self._take(timeline)

    def approve(self, event_id: str, *, timeout_s: float | None = None) -> bool:
        """Approve an event as the client does, in one request, and remember that its end will be no cancellation.

        Where that fails, `approve_again_s` says in how many seconds to try again.
        """
        try:
            is_new = self._client.approve(event_id, timeline=self.timeline, timeout_s=timeout_s, is_patient=False)
        finally:
            asked_s = self._client.retry_after_s
            self.approve_again_s = _APPROVE_AGAIN_S if asked_s is None else min(asked_s, _LONGEST_WAIT_S)
        self._approved.add(event_id.lower())
        return is_new

    def state(self, untold: Iterable[Change] = ()) -> records.JsonObject:
        """Return what was told, for JSON: `restore` in a new process goes on from there.

        `untold` changes were returned, and whoever got them has not finished with them: they will be told again.
        """
        events = {event.key: event for event in self.timeline.events} if self.timeline else {}
        approved = set(self._approved)
        for change in reversed(list(untold)):
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
        """Go on from a state; return False, and begin anew, where it is none or another VM's."""
        if not isinstance(state, dict) or state.get("vmName") != self._vm_name:
            return False
        try:
            self.timeline = parse_timeline(
                {"DocumentIncarnation": state.get("incarnation"), "Events": state.get("events")}
            )
        except errors.InvalidError:
            return False
        if self.timeline.skipped:
            self.timeline = None
            return False
        approved = state.get("approved")
        self._approved = {key for key in approved if isinstance(key, str)} if isinstance(approved, list) else set()
        return True

    def _take(self, timeline: Timeline) -> list[Change]:
        own = tuple(event for event in timeline.events if self._vm_name is None or concerns(event, self._vm_name))
        after = Timeline(incarnation=timeline.incarnation, events=own)
        if timeline.skipped and not self._told_skipped:
            self._told_skipped = True
            self._reporter.warn("IMDS lists events without a proper id; they are passed over.")
        found = changes(self.timeline, after, now=self._clock.time(), approved=self._approved)
        self.timeline = after
        self._approved.intersection_update(event.key for event in own)
        return found

    def _note_failure(self, answer: Answer) -> None:
        if answer.error is None:
            return  # the api-version is still looked for
        if answer.wait_s is not None:
            self._due += min(answer.wait_s, _LONGEST_WAIT_S) - min(self._interval_s, answer.wait_s)
        if answer.error.outcome != self._told_outcome:
            self._told_outcome = answer.error.outcome
            self._reporter.notice(f"{answer.error} Watching goes on.")
