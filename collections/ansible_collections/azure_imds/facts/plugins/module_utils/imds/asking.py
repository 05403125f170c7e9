# SPDX-License-Identifier: Apache-2.0
"""Ask until there is an answer, the deadline passes, or asking again cannot help.

Across processes in single flight: one asks while the others wait for what it brings.
"""

from __future__ import annotations

import os

from . import errors
from .client import Client, backoff

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from . import cache, client, clock, transport

    T = TypeVar("T")

# The time a last attempt just before the deadline is left; on a VM, IMDS answers within a few milliseconds.
_LAST_ATTEMPT_S = 0.1
# Where an attempt negotiates it takes up to four requests, and IMDS allows five a second.
_AFTER_MANY_S = 1.0
# How often those who wait look for what the one who asks brought.
_FIRST_POLL_S = 0.005
_LONGEST_POLL_S = 0.1


class Asking:
    """A client together with its patience: one attempt a turn, so that a long budget never locks others out."""

    def __init__(
        self,
        endpoint: str,
        transport: transport.Transport,
        *,
        cache: cache.Cache,
        deadline: clock.Deadline,
        clock: clock.Clock,
        reporter: errors.Reporter,
    ) -> None:
        self._transport = transport
        self._cache = cache
        self._deadline = deadline
        self._clock = clock
        self._reporter = reporter
        self.client = Client(endpoint, transport, deadline=deadline, clock=clock, reporter=reporter)

    def close(self) -> None:
        """Close the connection."""
        self._transport.close()

    def ask(
        self,
        attempt: Callable[[], client.Answer],
        *,
        key: cache.Key | None,
        look: Callable[[], T | None],
        accept: Callable[[client.Answer], T],
        deadline: clock.Deadline | None = None,
        final_statuses: tuple[int, ...] = (),
    ) -> T:
        """Return what `accept` makes of an answer, or what `look` finds because another process asked meanwhile.

        `key` None: nobody else's answer counts. `accept` raises InvalidError for what is not to be taken; that is
        final. Raises the ImdsError of the last complete answer, UnreachableError where there was none.
        """
        deadline = self.client.deadline = deadline or self._deadline
        failures = 0
        told = ""
        while True:
            turn, found = self._wait_for_turn(key, look, deadline)
            if found is not None:
                return found
            if turn is None:
                raise self._out_of_time()
            requests = -self.client.attempts
            try:
                answer = attempt()
                if answer.error is None:
                    return self._accept(accept, answer)
            finally:
                turn.end()
            failures += 1
            requests += self.client.attempts
            least_s = _AFTER_MANY_S if requests > 1 else 0.0
            wait_s = self._choose_wait(answer, answer.error, failures, deadline, final_statuses, least_s=least_s)
            if answer.error.outcome != told:
                told = answer.error.outcome
                self._reporter.notice(f"{answer.error.problem} Asking again for up to {deadline.remaining:.0f} s.")
            self._clock.sleep(wait_s)

    def _wait_for_turn(
        self, key: cache.Key | None, look: Callable[[], T | None], deadline: clock.Deadline
    ) -> tuple[Turn | None, T | None]:
        if key is None:
            return Turn(None), None
        return wait_for_turn(self._cache, key, look=look, deadline=deadline, clock=self._clock)

    def _accept(self, accept: Callable[[client.Answer], T], answer: client.Answer) -> T:
        try:
            return accept(answer)
        except errors.InvalidError as error:
            raise errors.InvalidError(self.client.tell(error.problem), hint=error.hint) from None

    def _choose_wait(
        self,
        answer: client.Answer,
        error: errors.ImdsError,
        failures: int,
        deadline: clock.Deadline,
        final_statuses: tuple[int, ...],
        *,
        least_s: float,
    ) -> float:
        """Return the seconds after which to ask again. Raises the error where that is not to be.

        The last complete answer names the outcome, even where the connection broke after it.
        """
        error = (self.client.last_complete_error if answer.status is None else None) or error
        if not answer.is_retried or answer.status in final_statuses:
            raise error
        wait_s = max(least_s, backoff(failures, random=self._clock.random()))
        if answer.wait_s is not None:
            if answer.wait_s >= deadline.remaining:
                raise error
            wait_s = max(wait_s, answer.wait_s)
        wait_s = min(wait_s, deadline.remaining - _LAST_ATTEMPT_S)
        if wait_s < 0.001:
            raise error
        return wait_s

    def _out_of_time(self) -> errors.ImdsError:
        waited = f"Waited {self._deadline.elapsed:.1f} s for another process that asks IMDS, which brought no answer."
        return self.client.last_complete_error or errors.UnreachableError(
            waited, hint="Try again, or raise the timeout."
        )


class Turn:
    """The right to ask for one key, as a lock that the kernel releases with its holder, however that ends."""

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor

    def take(self) -> bool:
        """Return whether it is ours now. Without a lock everybody has the right."""
        if self._descriptor is None:
            return True
        import fcntl  # noqa: PLC0415  absent where there are no such locks, and then there is no descriptor either

        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def end(self) -> None:
        """Give it to the next."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def wait_for_turn(
    cache: cache.Cache, key: cache.Key, *, look: Callable[[], T | None], deadline: clock.Deadline, clock: clock.Clock
) -> tuple[Turn | None, T | None]:
    """Wait until `look` finds what another process brought, or the turn to ask is ours, or the deadline passes.

    Returns the turn, or what was found, or neither. Having got the turn it looks once more: the last holder may have
    brought it in between.
    """
    descriptor = cache.open_lock(key)
    turn = Turn(descriptor)
    poll_s = _FIRST_POLL_S
    while True:
        is_ours = turn.take()
        found = look()
        if is_ours and found is None:
            return turn, None
        if found is not None or deadline.remaining <= 0:
            turn.end()
            return None, found
        clock.sleep(min(poll_s * (0.5 + clock.random()), deadline.remaining))
        poll_s = min(2 * poll_s, _LONGEST_POLL_S)
