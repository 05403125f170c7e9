# SPDX-License-Identifier: Apache-2.0
"""Time whole processes in turn, so that whatever else the machine does falls on all of them alike.

hyperfine times one command after the other: where a machine's speed drifts, the ratio of two blocks is the drift's.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


@dataclass(frozen=True)
class Command:
    """A command to time; `prepare` runs before each run, outside the time."""

    words: Sequence[str]
    env: Mapping[str, str] | None = None
    prepare: Callable[[], object] | None = None


@dataclass(frozen=True)
class Timing:
    """Seconds of one command's runs, by the wall clock and by the processor, its children included."""

    wall: tuple[float, ...]
    cpu: tuple[float, ...]

    @property
    def median(self) -> float:
        """Seconds by the wall clock."""
        return statistics.median(self.wall)

    @property
    def quartiles(self) -> tuple[float, float]:
        """Between which half of the runs lie."""
        low, _median, high = statistics.quantiles(self.wall, n=4, method="inclusive")
        return low, high


def time_in_turn(commands: Mapping[str, Command], rounds: int) -> dict[str, Timing]:
    """Run each command once, for what is compiled and cached then, and all of them in turn for so many rounds.

    Raises CalledProcessError where one fails, with what it said.
    """
    for command in commands.values():
        run_once(command)
    runs: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for number in range(1, rounds + 1):
        for name, command in commands.items():
            runs[name].append(run_once(command))
        _tell(f"  {', '.join(commands)}: round {number} of {rounds}", is_last=number == rounds)
    return {name: Timing(*map(tuple, zip(*done))) for name, done in runs.items()}


def _tell(progress: str, *, is_last: bool) -> None:
    """Overwrite the line on a terminal; in a log, the last one is enough."""
    if sys.stderr.isatty():
        print(f"\r{progress}", end="\n" if is_last else "", file=sys.stderr, flush=True)
    elif is_last:
        print(progress, file=sys.stderr, flush=True)


def run_once(command: Command) -> tuple[float, float]:
    """Run a command and return its wall and processor seconds. Raises CalledProcessError where it fails."""
    if command.prepare:
        command.prepare()
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        command.words, env=command.env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        print(f"\n{command.words} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}", file=sys.stderr)
        done.check_returncode()
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
