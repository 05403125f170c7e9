# SPDX-License-Identifier: Apache-2.0
"""What a benchmark found: figures with their unit, and with the limit that is promised where there is one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.timing import Timing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True)
class Figure:
    """`room`: which part measured it. `value` in `unit`; `spread` in words. `most`: no more is promised."""

    room: str
    what: str
    value: float
    unit: str
    spread: str = ""
    most: float | None = None

    @property
    def is_met(self) -> bool | None:
        """Whether it is within its limit; None where nothing is promised."""
        return None if self.most is None else self.value <= self.most

    @property
    def is_plotted(self) -> bool:
        """Whether it is the time of a whole process, in rounds, which the plot shows."""
        return self.unit == "ms" and self.spread != ""


def times(room: str, timings: Mapping[str, Timing]) -> Iterator[Figure]:
    """Return each command's median, with the quartiles beside it."""
    for name, timing in timings.items():
        low, high = timing.quartiles
        spread = f"{low * 1000:.0f} to {high * 1000:.0f}"
        yield Figure(room, name, timing.median * 1000, "ms", spread)


def ratio(room: str, timings: Mapping[str, Timing], name: str, to: str, *, most: float | None = None) -> Figure:
    """Return the ratio of two medians, with the quartiles of the ratios round by round beside it."""
    rounds = Timing(tuple(a / b for a, b in zip(timings[name].wall, timings[to].wall)), ())
    low, high = rounds.quartiles
    value = timings[name].median / timings[to].median
    return Figure(room, f"{name} / {to}", value, "x", f"{low:.2f} to {high:.2f}", most)
