# SPDX-License-Identifier: Apache-2.0
"""Ask until there is an answer, the deadline passes, or asking again cannot help.

Across processes in single flight: one asks while the others wait for what it brings.
"""

from __future__ import annotations

import contextlib
import os

from . import client, errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Optional, TypeVar

    from . import cache, clock

    T = TypeVar("T")
    Look = Callable[[], Optional[T]]

# The time a last attempt just before the deadline is left; on a VM, IMDS answers within a few milliseconds.
_LAST_ATTEMPT_S = 0.1
# Where an attempt negotiates it takes up to four requests, and IMDS allows five a second.
_AFTER_MANY_S = 1.0
# How often those who wait look for what the one who asks brought.
_FIRST_POLL_S = 0.005
_LONGEST_POLL_S = 0.1


class Asking:
    """A client together with its patience: one attempt a turn, so that a long budget never locks others out."""

    def __init__(self, client: client.Client, cache: cache.Cache) -> None:
        self.client = client
        self._deadline = client.deadline
        self._cache = cache

    def ask(
        self,
        attempt: Callable[[], client.Answer],
        *,
        key: cache.Key | None,
        look: Look[T],
        accept: Callable[[client.Answer], T],
        deadline: clock.Deadline | None = None,
    ) -> T:
        """Return what `accept` makes of an answer, or what `look` finds because another process asked meanwhile.

        `key` None: nobody else's answer counts. `accept` raises InvalidError for what is not to be taken; that is
        final. Raises the ImdsError of the last complete answer, UnreachableError where there was none.
        """
        deadline = self.client.deadline = deadline or self._deadline
        failures = 0
        told = ""
        while True:
            turn, found = wait_for_turn(self._cache, key, look, deadline)
            if found is not None:
                return found
            if turn is None:
                raise self._out_of_time(key)
            requests = -self.client.attempts
            try:
                answer = attempt()
                if answer.error is None:
                    return accept(answer)
            except errors.InvalidError as error:
                raise errors.InvalidError(self.client.tell(error.problem), hint=error.hint) from None
            finally:
                turn.close()
            failures += 1
            requests += self.client.attempts
            wait_s = choose_wait(answer, failures, deadline, least_s=_AFTER_MANY_S if requests > 1 else 0.0)
            if wait_s is None:
                # The last complete answer names the outcome, even where the connection broke after it.
                last = self.client.last_refusal if answer.status is None else None
                raise self.client.told(last or answer) or answer.error
            if answer.error.outcome != told:
                told = answer.error.outcome
                self.client.reporter.notice(
                    f"{self.client.tell(answer.error.problem)} Asking again for up to {deadline.remaining:.1f} s."
                )
            deadline.clock.sleep(wait_s)

    def _out_of_time(self, key: cache.Key | None) -> errors.ImdsError:
        nothing = errors.UnreachableError(
            "nothing, for another process is asking and has brought no answer yet",
            hint="Try again, or raise the timeout.",
        )
        url = f"{key.endpoint}{key.path} (api-version {key.asked})" if key else ""
        waited = client.Answer(version=None, error=nothing, url=url)
        return self.client.told(self.client.last_refusal or waited) or nothing


def choose_wait(answer: client.Answer, failures: int, deadline: clock.Deadline, *, least_s: float) -> float | None:
    """Return the seconds after which to ask again, at least `least_s`; None where that is not to be."""
    asked_s = answer.wait_s or 0.0
    if not answer.is_retried or asked_s >= deadline.remaining:
        return None
    wait_s = max(least_s, asked_s, client.backoff(failures, random=deadline.clock.random()))
    wait_s = min(wait_s, deadline.remaining - _LAST_ATTEMPT_S)
    return wait_s if wait_s >= 0.001 else None


def wait_for_turn(
    cache: cache.Cache, key: cache.Key | None, look: Look[T], deadline: clock.Deadline
) -> tuple[contextlib.ExitStack | None, T | None]:
    """Wait until `look` finds what another process brought, or the turn to ask is ours, or the deadline passes.

    Returns the turn, to be closed, or what was found, or neither. Having got the turn it looks once more: the last
    holder may have brought it in between. It is a lock that the kernel releases with its holder, however that ends.
    """
    turn = contextlib.ExitStack()
    descriptor = cache.open_lock(key) if key else None
    if descriptor is not None:
        turn.callback(os.close, descriptor)
    poll_s = _FIRST_POLL_S
    while True:
        is_ours = _lock(descriptor)
        found = look()
        if is_ours and found is None:
            return turn, None
        if found is not None or not deadline.remaining:
            turn.close()
            return None, found
        deadline.clock.sleep(min(poll_s * (0.5 + deadline.clock.random()), deadline.remaining))
        poll_s = min(2 * poll_s, _LONGEST_POLL_S)


def _lock(descriptor: int | None) -> bool:
    """Return whether nobody else holds the lock now; where there can be none, nobody does."""
    if descriptor is None:
        return True
    import fcntl  # noqa: PLC0415  absent where there are no such locks, and then there is no descriptor either

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return not isinstance(error, (BlockingIOError, PermissionError))  # else a file system without locks
    return True
