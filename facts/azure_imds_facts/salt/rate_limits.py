# SPDX-License-Identifier: Apache-2.0
"""How many requests are looked at, for each address and in all: verifying a signature takes a processor's time."""

from __future__ import annotations

import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_MOST_ADDRESSES = 1000


class RateLimits:
    """Token buckets: one for each address, one for all. A bucket holds what comes in four seconds."""

    def __init__(self, *, each: float, total: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._each = each
        self._total = total
        self._clock = clock
        # Address, "" for all → what is left, and when it was counted.
        self._buckets: dict[str, tuple[float, float]] = {}

    def allow(self, address: str) -> bool:
        """Take a request's tokens; return whether there were any."""
        if len(self._buckets) > _MOST_ADDRESSES:
            self._buckets = {"": self._buckets.get("", (0.0, self._clock()))}
        return self._take(f"from {address}", self._each) and self._take("", self._total)

    def _take(self, name: str, rate: float) -> bool:
        now = self._clock()
        left, since = self._buckets.get(name, (4 * rate, now))
        left = min(4 * rate, left + (now - since) * rate)
        is_allowed = left >= 1
        self._buckets[name] = (left - is_allowed, now)
        return is_allowed
