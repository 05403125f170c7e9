# SPDX-License-Identifier: Apache-2.0
"""Clocks, deadlines and dates."""

from __future__ import annotations

import time


def parse_date(text: object) -> float | None:
    """Return the seconds since 1970 of an RFC 1123 date (`Mon, 19 Sep 2016 18:29:47 GMT`), None for any other."""
    if not isinstance(text, str) or not text:
        return None
    from email.utils import mktime_tz, parsedate_tz  # noqa: PLC0415  few answers carry a date to read

    try:
        parsed = parsedate_tz(text)
        moment = float(mktime_tz(parsed)) if parsed else -1.0
    except (ValueError, OverflowError, IndexError, TypeError):
        return None  # email.utils takes more for a date than it can count
    return moment if 0 <= moment < 1 << 38 else None  # in years that the rest of Python knows as well


class Clock:
    """The machine's clocks. Tests use a simulated one, so that no test waits."""

    def monotonic(self) -> float:
        """Seconds that never jump, for deadlines."""
        return time.monotonic()

    def boottime(self) -> float:
        """Seconds since boot, suspends included; with the boot id it ages a cached answer however the date is set."""
        if hasattr(time, "CLOCK_BOOTTIME"):
            return time.clock_gettime(time.CLOCK_BOOTTIME)
        return time.monotonic()

    def time(self) -> float:
        """Seconds since 1970 by the wall clock, for people to read only."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(min(seconds, 1e6))  # the system takes no more than it can count

    def random(self) -> float:
        """A number from 0 up to 1, for jitter."""
        import random  # noqa: PLC0415  only a retry needs it

        return random.random()  # noqa: S311  jitter is no secret


class Deadline:
    """A moment on the monotonic clock, after which nothing is waited for."""

    def __init__(self, seconds: float, clock: Clock) -> None:
        self.clock = clock
        self._started = clock.monotonic()
        self._end = self._started + seconds

    @property
    def remaining(self) -> float:
        """Seconds left, 0.0 once it has passed."""
        return max(0.0, self._end - self.clock.monotonic())

    @property
    def elapsed(self) -> float:
        """Seconds since it, or the one that it lies in, was set."""
        return self.clock.monotonic() - self._started

    def within(self, seconds: float) -> Deadline:
        """A nearer deadline inside this one."""
        nearer = Deadline(min(seconds, self.remaining), self.clock)
        nearer._started = self._started
        return nearer


def format_time(seconds: float) -> str:
    """Spell seconds since 1970 as RFC 3339 in UTC: `2026-11-22T21:56:00Z`."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
