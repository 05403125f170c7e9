# SPDX-License-Identifier: Apache-2.0
"""Retries until a deadline, in single flight across processes: one asks while the others wait for its answer."""

from __future__ import annotations

import contextlib
import json
import os

from . import cache, document, errors
from .client import Answer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, Optional, TypeVar

    from .cache import Cache, Key
    from .client import Client
    from .clock import Deadline

    T = TypeVar("T")
    ReadShared = Callable[[], Optional[T]]

# IMDS allows five requests a second, which these stay far below; an outage that ends is noticed within the second.
_FIRST_WAIT_S = 0.2
_LONGEST_WAIT_S = 1.0
# An attempt that negotiates takes up to four requests.
_WAIT_AFTER_MANY_S = 1.0
# A turn, negotiation included; after the second time its holder hangs, and the lock is made anew.
_LONGEST_TURN_S = 30.0
_GIVEN_UP_AFTER_S = 40.0
# The time left to a last attempt just before the deadline; on a VM, IMDS answers within a few milliseconds.
_LAST_ATTEMPT_S = 0.1
# How many more times a partial document is asked for, and how far apart.
_PARTIAL_RETRIES = 2
_PARTIAL_WAIT_S = 0.5
# How often a waiting process looks for what the asking one brought.
_FIRST_POLL_S = 0.005
_LONGEST_POLL_S = 0.1


class Retrier:
    """Retries requests until a deadline, one attempt per lock turn."""

    def __init__(self, client: Client, store: Cache | None = None) -> None:
        self.client = client
        self._deadline = client.deadline
        self._cache = store
        # False: one attempt, whatever comes of it.
        self.is_patient = True

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
            turn = Turn(self._cache, key, deadline)
            found = turn.wait(read_shared)
            if found is not None:
                return found
            if not turn.is_held:
                raise self._final(_wait_in_vain(key, turn.holder)) or errors.UnreachableError("")
            before = self.client.attempts
            self.client.deadline = deadline.within(_LONGEST_TURN_S)
            try:
                answer = attempt()
                if answer.error is None:
                    return accept(answer)
            except errors.InvalidError as error:
                raise errors.InvalidError(self.client.describe_attempts(error.problem), hint=error.hint) from None
            finally:
                turn.close()
            failures += 1
            wait_s = self._choose_wait(answer, failures, deadline, attempts=self.client.attempts - before)
            if wait_s is None:
                raise self._final(answer) or answer.error
            if answer.error.outcome != reported:
                reported = answer.error.outcome
                tried = self.client.describe_attempts(answer.error.problem, url=answer.url)
                self.client.reporter.notice(f"{tried} Asking again for up to {deadline.remaining:.1f} s.")
            deadline.clock.sleep(wait_s)

    def _choose_wait(self, answer: Answer, failures: int, deadline: Deadline, *, attempts: int) -> float | None:
        least_s = _WAIT_AFTER_MANY_S if attempts > 1 else 0.0
        return choose_wait(answer, failures, deadline, least_s=least_s) if self.is_patient else None

    def _final(self, answer: Answer) -> errors.ImdsError | None:
        """Return the error of the last complete answer, if a connection broke after it."""
        last = self.client.last_refusal if answer.status is None else None
        return self.client.with_context(last or answer)


def _wait_in_vain(key: Key | None, holder: str) -> Answer:
    """Return the end of a wait for another process's answer."""
    problem = f"nothing, for process {holder} is asking and has brought no answer yet"
    url = f"{key.endpoint}{key.path} (api-version {key.asked})" if key else ""
    error = errors.UnreachableError(problem, hint="Try again, or raise the timeout.")
    return Answer(version=None, error=error, url=url)


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


def wait_for_whole(
    answer: Answer,
    fetch: Callable[[Any], Answer],
    patience: Deadline,
    *,
    unexpected: Iterable[str],
    needs_vm_id: bool,
) -> Answer:
    """Return a partial document's answer, or a later one that is whole.

    A failure between them is passed over, unless it says when to ask again. `unexpected`: sections that
    are not waited for, since the last answer of this boot lacked them too (a classic VM has no compute). `needs_vm_id`:
    a compute section without a `vmId` that is a string is not whole. Raises InvalidError for an answer that is no
    document.
    """
    expected = {"compute", "network"}.difference(unexpected)
    for _attempt in range(_PARTIAL_RETRIES):
        compute = answer.value.get("compute") if isinstance(answer.value, dict) else None
        lacks_vm_id = needs_vm_id and isinstance(compute, dict) and not isinstance(compute.get("vmId"), str)
        if not (lacks_vm_id or expected.intersection(document.list_missing(answer.value))):
            break
        document.redact(document.validate_document(answer.value))
        if patience.remaining < _PARTIAL_WAIT_S:
            break
        patience.clock.sleep(_PARTIAL_WAIT_S)
        again = fetch(answer.version)
        if not again.error:
            answer = again
        elif again.wait_s:
            break
    return answer


class Turn:
    """The right to ask for a key, which one process has at a time: a lock that the kernel releases with its holder.

    The lock file names the holder and since when it asks. Without a cache directory every process has its turn at once.
    """

    def __init__(self, store: Cache | None, key: Key | None, deadline: Deadline) -> None:
        self._cache = store
        self._key = key
        self._deadline = deadline
        self._clock = deadline.clock
        self._descriptor: int | None = None
        self.is_held = False
        # The id of the process that had the turn at the deadline.
        self.holder = ""

    def wait(self, read_shared: ReadShared[T]) -> T | None:
        """Wait for the turn, until another process has brought what `read_shared` finds, or until the deadline.

        With the turn it looks once more: the last holder may have brought it in between.
        """
        poll_s = _FIRST_POLL_S
        while True:
            self.is_held = self._acquire()
            found = read_shared()
            if found is not None:
                self.close()
            if self.is_held or found is not None:
                return found
            if not self._deadline.remaining:
                self.holder = str(self._read_holder().get("pid", "unknown"))
                self.close()
                return None
            self._clock.sleep(min(poll_s * (0.5 + self._clock.random()), self._deadline.remaining))
            poll_s = min(2 * poll_s, _LONGEST_POLL_S)

    def close(self) -> None:
        """Give the turn back."""
        self.is_held = False
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _acquire(self) -> bool:
        """Return whether this process has the turn now."""
        if not self._cache or not self._key:
            return True
        if self._descriptor is None:
            self._descriptor = self._cache.open_lock(self._key)
        if self._descriptor is None:
            return True
        if not cache.lock(self._descriptor):
            since = self._read_holder().get("boottime")
            if isinstance(since, float) and self._clock.boottime() - since > _GIVEN_UP_AFTER_S:
                self._cache.remove_lock(self._key, self._descriptor)
                self.close()
            return False
        if not os.fstat(self._descriptor).st_nlink:
            self.close()  # removed meanwhile: others lock a new file
            return False
        holder = json.dumps({"pid": os.getpid(), "boottime": self._clock.boottime()})
        with contextlib.suppress(OSError):  # a full disk: others see no holder
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, holder.encode(), 0)
        return True

    def _read_holder(self) -> dict[str, object]:
        try:
            holder = json.loads(os.pread(self._descriptor or 0, 1000, 0)) if self._descriptor is not None else {}
        except ValueError:
            return {}
        return holder if isinstance(holder, dict) else {}
