# SPDX-License-Identifier: Apache-2.0
"""A watch's metrics as a file for node_exporter's textfile collector, which Prometheus scrapes.

Names follow Prometheus' conventions: base units in the name, `_total` for what only grows.
"""

from __future__ import annotations

import errno
import os

from ..safe_files import open_directory, write_file
from .policy import TYPES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..clock import Clock
    from ..reporter import Reporter
    from .approvals import Approvals
    from .output import Output
    from .runner import Hooks
    from .runs import Runs
    from .watch import Watch

# Of a file that says nothing new but the time.
_AGAIN_S = 5.0
_PREFIX = "azure_imds_events"
# Name after the prefix → type, help.
_FAMILIES = {
    "pending": ("gauge", "Events of this machine that IMDS lists, by type."),
    "next_seconds": ("gauge", "Seconds until the next event may begin, 0 where one has begun; absent without events."),
    "last_look_timestamp_seconds": ("gauge", "When IMDS last answered, in seconds since 1970."),
    "look_failures_total": ("counter", "Looks for events that brought no answer."),
    "untold": ("gauge", "Changes that found no place in the last look, and are looked at again."),
    "commands_running": ("gauge", "Commands that run."),
    "commands_waiting": ("gauge", "Commands that wait to be started."),
    "commands_total": ("counter", "Commands that ended, by result."),
    "approvals_total": ("counter", "Approvals, by result; refused: the policy forbade it."),
    "dropped_lines_total": ("counter", "Lines for standard output that were not read in time."),
}


class Metrics:
    """A file in a directory that is held open; it is replaced as a whole, through no link, readable by all.

    Raises OSError where the directory cannot be opened, or is named in place of a file.
    """

    def __init__(self, path: str, *, clock: Clock, reporter: Reporter) -> None:
        if path.endswith(os.sep) or os.path.isdir(path):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        folder, self._name = os.path.split(os.path.abspath(path))
        self._path = path
        self._directory = open_directory(folder)
        self._clock = clock
        self._reporter = reporter
        self._written = ""
        self._due = 0.0
        self._is_failing = False

    def write(self, watch: Watch, *, approvals: Approvals, runs: Runs, hooks: Hooks | None, output: Output) -> None:
        """Write what is new: at once where a count changed, else every few seconds. A failure is reported once."""
        samples = _read_counts(watch, approvals, runs, hooks, output)
        steady = _spell(samples)
        if steady == self._written and self._clock.monotonic() < self._due:
            return
        self._due = self._clock.monotonic() + _AGAIN_S
        self._written = steady
        text = _spell({**samples, **_read_times(watch, self._clock.time())})
        try:
            write_file(self._directory, self._name, text.encode(), mode=0o644)
        except OSError as error:
            if not self._is_failing:
                self._is_failing = True
                problem = f"The metrics cannot be written to {self._path}: {error.strerror or error}."
                self._reporter.warn(f"{problem} The watch goes on.")
        else:
            self._is_failing = False


def _read_counts(
    watch: Watch, approvals: Approvals, runs: Runs, hooks: Hooks | None, output: Output
) -> dict[str, Mapping[str, float]]:
    """Return the samples, name → labels → value."""
    pending = {f'{{type="{name}"}}': 0.0 for name in (*TYPES, "other")}
    for event in watch.timeline.events if watch.timeline else ():
        # A server may invent any number of types, and each would be a series of its own.
        known = next((name for name in TYPES if name.lower() == event.event_type.lower()), "other")
        pending[f'{{type="{known}"}}'] += 1
    return {
        "pending": pending,
        "look_failures_total": {"": watch.failures},
        "untold": {"": watch.untold},
        "commands_running": {"": len(hooks.running) if hooks else 0},
        "commands_waiting": {"": hooks.waiting if hooks else 0},
        "commands_total": {f'{{result="{name}"}}': count for name, count in runs.counts.items()},
        "approvals_total": {f'{{result="{name}"}}': count for name, count in approvals.counts.items()},
        "dropped_lines_total": {"": output.dropped},
    }


def _read_times(watch: Watch, now_s: float) -> dict[str, Mapping[str, float]]:
    times: dict[str, Mapping[str, float]] = {}
    events = watch.timeline.events if watch.timeline else ()
    if events:
        times["next_seconds"] = {"": min(max(0.0, round((event.not_before_s or 0.0) - now_s, 1)) for event in events)}
    if watch.looked_s is not None:
        times["last_look_timestamp_seconds"] = {"": round(watch.looked_s, 3)}
    return times


def _spell(samples: Mapping[str, Mapping[str, float]]) -> str:
    """Return the text format of Prometheus."""
    lines = []
    for name, (kind, text) in _FAMILIES.items():
        if name in samples:
            lines += [f"# HELP {_PREFIX}_{name} {text}", f"# TYPE {_PREFIX}_{name} {kind}"]
            lines += [f"{_PREFIX}_{name}{labels} {value:.15g}" for labels, value in samples[name].items()]
    return "\n".join(lines) + "\n"
