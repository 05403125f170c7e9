# SPDX-License-Identifier: Apache-2.0
"""Retries until a deadline, in single flight across processes: one asks while the others wait for its answer."""

from __future__ import annotations

import contextlib
import os

from . import errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Optional, TypeVar

    from .cache import Cache, Key
    from .client import Answer, Client
    from .clock import Deadline

    T = TypeVar("T")
    ReadShared = Callable[[], Optional[T]]

# IMDS allows five requests a second: a first wait of at least 0.1 s that doubles up to a second stays far below, and an
# outage that ends is noticed within the second.
_FIRST_WAIT_S = 0.2
_LONGEST_WAIT_S = 1.0
# An attempt that negotiates takes up to four requests.
_WAIT_AFTER_MANY_S = 1.0
# The time left to a last attempt just before the deadline; on a VM, IMDS answers within a few milliseconds.
_LAST_ATTEMPT_S = 0.1
# How often a waiting process looks for what the asking one brought.
_FIRST_POLL_S = 0.005
_LONGEST_POLL_S = 0.1


class Retrier:
    """Retries requests until a deadline, one attempt per lock turn, so that a long one locks out no other process."""

    def __init__(self, client: Client, cache: Cache | None = None) -> None:
        self.client = client
        self._deadline = client.deadline
        self._cache = cache

    def run(
        self,
        attempt: Callable[[], Answer],
        *,
        accept: Callable[[Answer], T],
        key: Key | None = None,
        read_shared: ReadShared[T] = lambda: None,
        deadline: Deadline | None = None,
    ) -> T:
        """Return what `accept` makes of an answer, or what `read_shared` finds because another process asked meanwhile.

        `key` None: without single flight. `accept` raises InvalidError for an answer that cannot be used, which ends
        the retries. Raises the ImdsError of the last complete answer, UnreachableError where there was none.
        """
        deadline = self.client.deadline = deadline or self._deadline
        failures = 0
        reported = ""
        while True:
            turn, found = wait_for_turn(self._cache, key, read_shared, deadline)
            if found is not None:
                return found
            if turn is None:
                raise self._out_of_time(key)
            before = self.client.attempts
            try:
                answer = attempt()
                if answer.error is None:
                    return accept(answer)
            except errors.InvalidError as error:
                raise errors.InvalidError(self.client.describe_attempts(error.problem), hint=error.hint) from None
            finally:
                turn.close()
            failures += 1
            least_s = _WAIT_AFTER_MANY_S if self.client.attempts > before + 1 else 0.0
            wait_s = choose_wait(answer, failures, deadline, least_s=least_s)
            if wait_s is None:
                raise self._final(answer) or answer.error
            if answer.error.outcome != reported:
                reported = answer.error.outcome
                tried = self.client.describe_attempts(answer.error.problem)
                self.client.reporter.notice(f"{tried} Asking again for up to {deadline.remaining:.1f} s.")
            deadline.clock.sleep(wait_s)

    def _final(self, answer: Answer) -> errors.ImdsError | None:
        """Return the error of the last complete answer, which names the outcome even where a connection broke later."""
        last = self.client.last_refusal if answer.status is None else None
        return self.client.with_context(last or answer)

    def _out_of_time(self, key: Key | None) -> errors.ImdsError:
        url = f"{key.endpoint}{key.path} (api-version {key.asked})" if key else ""
        nothing = "nothing, for another process is asking and has brought no answer yet"
        refusal = self.client.last_refusal
        return (refusal and self.client.with_context(refusal)) or errors.UnreachableError(
            self.client.describe_attempts(nothing, url=url), hint="Try again, or raise the timeout."
        )


def backoff(failures: int, *, random: float) -> float:
    """Return the seconds to wait after so many failures in a row; `random` is from 0 to 1."""
    return float(min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2 ** min(failures - 1, 10)) * (0.5 + random / 2))


def choose_wait(answer: Answer, failures: int, deadline: Deadline, *, least_s: float) -> float | None:
    """Return the seconds after which to ask again, at least `least_s`; None where asking again cannot help."""
    asked_s = answer.wait_s or 0.0
    if not answer.is_retried or asked_s >= deadline.remaining:
        return None
    wait_s = max(least_s, asked_s, backoff(failures, random=deadline.clock.random()))
    wait_s = min(wait_s, deadline.remaining - _LAST_ATTEMPT_S)
    return wait_s if wait_s >= 0.001 else None


def wait_for_turn(
    cache: Cache | None, key: Key | None, read_shared: ReadShared[T], deadline: Deadline
) -> tuple[contextlib.ExitStack | None, T | None]:
    """Wait until `read_shared` finds what another process brought, or this process may ask, or the deadline passes.

    Returns the turn, which the caller closes, or what was found, or neither. With the turn it looks once more: the last
    holder may have brought it in between. The turn is a lock that the kernel releases with its holder.
    """
    turn = contextlib.ExitStack()
    descriptor = cache.open_lock(key) if cache and key else None
    if descriptor is not None:
        turn.callback(os.close, descriptor)
    poll_s = _FIRST_POLL_S
    while True:
        is_locked = _lock(descriptor)
        found = read_shared()
        if is_locked and found is None:
            return turn, None
        if found is not None or not deadline.remaining:
            turn.close()
            return None, found
        deadline.clock.sleep(min(poll_s * (0.5 + deadline.clock.random()), deadline.remaining))
        poll_s = min(2 * poll_s, _LONGEST_POLL_S)


def _lock(descriptor: int | None) -> bool:
    """Return whether this process holds the lock now, or there can be no lock."""
    if descriptor is None:
        return True
    import fcntl  # noqa: PLC0415  absent on systems without such locks, where there is no descriptor either

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return not isinstance(error, (BlockingIOError, PermissionError))  # else a file system without locks
    return True
