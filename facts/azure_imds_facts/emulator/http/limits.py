# SPDX-License-Identifier: Apache-2.0
"""How many requests a machine may make: 5 a second, of identity 20 a second and 5 at once (documented).

That a second slides, that refused requests do not count, and that identity counts apart is assumed.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .response import THROTTLED, Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .request import Asked

__all__ = ["Limits", "Quota"]


@dataclass(frozen=True)
class Quota:
    """The limits in force. 0 turns one off, and `rate` 0 turns all off; `retry_after_s` None sends no header."""

    rate: float = 5
    identity_rate: float = 20
    identity_at_once: int = 5
    retry_after_s: float | None = None


class _Window:
    """Counts what was let through within the last second."""

    def __init__(self) -> None:
        self._times: deque[float] = deque()

    def admits(self, now: float, rate: float) -> bool:
        while self._times and self._times[0] <= now - 1:
            self._times.popleft()
        if rate and len(self._times) >= rate:
            return False
        if rate:
            self._times.append(now)
        return True


class Limits:
    """Lets requests through as long as the quota lasts. Thread-safe."""

    def __init__(self, quota: Quota, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._quota = quota
        self._clock = clock
        self._lock = threading.Lock()
        self._general = _Window()
        self._identity = _Window()
        self._running = 0

    @property
    def quota(self) -> Quota:
        """What is in force."""
        return self._quota

    def change(self, **fields: float | None) -> None:
        """Change fields of the quota from now on."""
        self._quota = replace(self._quota, **fields)  # type: ignore[arg-type]

    @contextmanager
    def admit(self, asked: Asked) -> Iterator[Answer | None]:
        """Hold a request's place while it is answered; gives the 429 to answer with where there is none."""
        is_identity = tuple(step.lower() for step in asked.steps[:2]) == ("metadata", "identity")
        with self._lock:
            admitted = self._take(is_identity=is_identity)
            self._running += admitted and is_identity
        try:
            yield None if admitted else self._refuse()
        finally:
            with self._lock:
                self._running -= admitted and is_identity

    def _take(self, *, is_identity: bool) -> bool:
        quota, now = self._quota, self._clock()
        if not quota.rate:
            return True
        if not is_identity:
            return self._general.admits(now, quota.rate)
        if quota.identity_at_once and self._running >= quota.identity_at_once:
            return False
        return self._identity.admits(now, quota.identity_rate)

    def _refuse(self) -> Answer:
        """429 with the recorded body; Retry-After only where it was asked for, for nobody documents it."""
        seconds = self._quota.retry_after_s
        return THROTTLED if seconds is None else replace(THROTTLED, headers={"Retry-After": str(math.ceil(seconds))})
