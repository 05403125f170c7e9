# SPDX-License-Identifier: Apache-2.0
"""Rate limits: 5 requests a second; for identity 20 a second and 5 concurrent ones (documented).

Assumed: the second is a sliding window, rejected requests do not count, and identity requests count separately.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .statuses import build_status_response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .request import Request
    from .response import Response

__all__ = ["Limits", "Quota"]


@dataclass(frozen=True)
class Quota:
    """The limits in force: requests a second, 0 for no limit.

    `rate_limit` 0 turns every limit off. `retry_after` is in seconds; None sends no such header.
    """

    rate_limit: float = 5
    identity_rate_limit: float = 20
    identity_concurrency: int = 5
    retry_after: float | None = None


class _SlidingWindow:
    """The requests that were admitted within the last second."""

    def __init__(self) -> None:
        self._times: deque[float] = deque()

    def admit(self, now: float, rate: float) -> bool:
        while self._times and self._times[0] <= now - 1:
            self._times.popleft()
        if rate and len(self._times) >= rate:
            return False
        if rate:
            self._times.append(now)
        return True


class Limits:
    """Admits requests within a quota. Thread-safe."""

    def __init__(self, quota: Quota, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._quota = quota
        self._clock = clock
        self._lock = threading.Lock()
        self._general = _SlidingWindow()
        self._identity = _SlidingWindow()
        self._active_identity = 0

    @property
    def quota(self) -> Quota:
        """The quota in force."""
        return self._quota

    def change(self, **fields: float | None) -> None:
        """Change fields of the quota for later requests."""
        self._quota = replace(self._quota, **fields)  # type: ignore[arg-type]

    @contextmanager
    def admit(self, request: Request) -> Iterator[Response | None]:
        """Count a request while it is processed; yield None, or the 429 response if it exceeds the quota."""
        is_identity = request.is_identity
        with self._lock:
            is_admitted = self._count(is_identity=is_identity)
            self._active_identity += is_admitted and is_identity
        try:
            yield None if is_admitted else self._build_rejection(identity=is_identity)
        finally:
            with self._lock:
                self._active_identity -= is_admitted and is_identity

    def _count(self, *, is_identity: bool) -> bool:
        quota, now = self._quota, self._clock()
        if not quota.rate_limit:
            return True
        if not is_identity:
            return self._general.admit(now, quota.rate_limit)
        if quota.identity_concurrency and self._active_identity >= quota.identity_concurrency:
            return False
        return self._identity.admit(now, quota.identity_rate_limit)

    def _build_rejection(self, *, identity: bool) -> Response:
        """Build the recorded 429. Retry-After is optional: it is documented nowhere."""
        response, seconds = build_status_response(429, identity=identity), self._quota.retry_after
        return response if seconds is None else replace(response, headers={"Retry-After": str(math.ceil(seconds))})
