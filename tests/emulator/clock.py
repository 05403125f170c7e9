# SPDX-License-Identifier: Apache-2.0
"""A clock that a test sets."""

from __future__ import annotations


class ManualClock:
    """Returns `now`, in seconds."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        """Return the time."""
        return self.now
