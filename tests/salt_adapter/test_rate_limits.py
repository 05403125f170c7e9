# SPDX-License-Identifier: Apache-2.0
"""Requests a second, for each address and in all."""

from __future__ import annotations

from azure_imds_facts.salt.rate_limits import RateLimits


class Clock:
    """A clock that is set."""

    now = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def test_each_and_total() -> None:
    """One address gets its share, all together theirs, and both come back with time."""
    clock = Clock()
    limits = RateLimits(each=1, total=2, clock=clock)
    assert [limits.allow("a") for _ in range(5)] == [True] * 4 + [False]
    assert [limits.allow("b") for _ in range(5)] == [True] * 4 + [False]
    assert not limits.allow("c")
    clock.now = 1
    assert [limits.allow(address) for address in "abc"] == [True, True, False]


def test_bounded() -> None:
    """However many addresses come, little is remembered, and the total is kept."""
    limits = RateLimits(each=1, total=10, clock=Clock())
    assert sum(limits.allow(str(number)) for number in range(5000)) == 40
    assert len(limits._buckets) < 1100
