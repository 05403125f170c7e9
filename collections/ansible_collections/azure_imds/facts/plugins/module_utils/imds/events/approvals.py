# SPDX-License-Identifier: Apache-2.0
"""The approvals that a watch is to make: one request at a time, tried again while failures pass."""

from __future__ import annotations

from ..errors import TRANSIENT, ImdsError, InvalidError
from .runner import name_change
from .signals import Stopped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..clock import Clock
    from ..reporter import Reporter
    from .model import Change
    from .policy import Policy
    from .signals import Signals
    from .watch import Watch

# An approval may not delay the next poll for long; one that fails is tried again.
_APPROVAL_S = 3.0
# A page of a portal is no answer of IMDS, and passes as an outage does.
_PASSING = (*TRANSIENT, InvalidError)


class Approvals:
    """The events to approve, as far as the policy allows. `counts` is by result, for metrics."""

    def __init__(self, watch: Watch, *, policy: Policy, vm_name: str | None, clock: Clock, reporter: Reporter) -> None:
        self._watch = watch
        self._policy = policy
        self._vm_name = vm_name
        self._clock = clock
        self._reporter = reporter
        self._waiting: dict[str, Change] = {}
        self._not_before = 0.0
        self._reported = ""
        self.counts = {"approved": 0, "failed": 0, "refused": 0}

    @property
    def keys(self) -> list[str]:
        """The keys of the events that are still to be approved."""
        return list(self._waiting)

    def add(self, change: Change) -> None:
        """Approve the event as this change leaves it, unless it has begun, is over, or the policy forbids it."""
        if not change.may_be_approved or change.event.key in self._waiting:
            return
        reason = self._policy.refuse_approval(change.event, self._vm_name)
        if reason:
            self.counts["refused"] += 1
            self._reporter.notice(f"{name_change(change)} is not approved: {reason}. --approve-shared allows that.")
        elif self._policy.is_dry_run:
            self._reporter.notice(f"Would approve {name_change(change)}.")
        else:
            self._waiting[change.event.key] = change

    def drop(self, key: str) -> None:
        """Do not approve an event after all: it is not what it was."""
        self._waiting.pop(key, None)

    def approve_next(self, signals: Signals) -> None:
        """Approve one event, in one request; the next look comes before the next approval. May raise Stopped."""
        if not self._waiting or self._clock.monotonic() < self._not_before:
            return
        key, change = next(iter(self._waiting.items()))
        event_id = change.event.event_id
        del self._waiting[key]
        try:
            with signals:
                is_new = self._watch.approve(event_id, timeout_s=_APPROVAL_S)
        except _PASSING as error:
            self._waiting[key] = change  # the others first
            self._not_before = self._clock.monotonic() + self._watch.approve_again_s
            self.counts["failed"] += 1
            if error.outcome != self._reported:
                self._reported = error.outcome
                self._reporter.notice(f"{error} The approval of {event_id} is tried again.")
        except Stopped:
            self._waiting[key] = change
            raise
        except ImdsError as error:
            self.counts["failed"] += 1
            self._reporter.warn(str(error))
        else:
            self._reported = ""
            self.counts["approved"] += 1
            self._reporter.notice(f"{'Approved' if is_new else 'Already started:'} {event_id}.")
