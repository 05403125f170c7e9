# SPDX-License-Identifier: Apache-2.0
"""A clock that stands still until somebody sleeps."""

from __future__ import annotations

from azure_imds_facts.core.clock import Clock


class ManualClock(Clock):
    """All clocks in one; sleeping moves them on at once and is written down."""

    def __init__(self, *, now: float = 1_700_000_000.0, booted_s: float = 1000.0, chance: float = 0.5) -> None:
        self.now = now
        self.booted_s = booted_s
        self.chance = chance
        self.passed = 0.0
        self.slept: list[float] = []

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.passed += seconds

    def monotonic(self) -> float:
        """Return seconds since this clock was made."""
        return self.passed

    def boottime(self) -> float:
        """Return seconds since the pretended boot."""
        return self.booted_s + self.passed

    def time(self) -> float:
        """Return the pretended date."""
        return self.now + self.passed

    def sleep(self, seconds: float) -> None:
        """Let time pass without waiting."""
        assert seconds >= 0
        self.slept.append(seconds)
        self.advance(seconds + 1e-6)  # no sleep ends before its time

    def random(self) -> float:
        """Return the one chance there is."""
        return self.chance
