# SPDX-License-Identifier: Apache-2.0
"""How the commands for events ended, for people: the last ones, in the state."""

from __future__ import annotations

from ..clock import format_time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..records import JsonObject
    from .model import Change
    from .runner import End

_MOST = 100


class Runs:
    """The commands that ended, the last hundred, and counts of all by their result for metrics."""

    def __init__(self) -> None:
        self._ended: list[JsonObject] = []
        self.counts = {"success": 0, "failure": 0, "timeout": 0}

    def restore(self, state: object) -> None:
        """Take over what a state says of earlier commands."""
        listed = state.get("runs") if isinstance(state, dict) else None
        if isinstance(listed, list):
            self._ended = [run for run in listed if isinstance(run, dict) and run.get("ended_at")][-_MOST:]

    def add(self, end: End, *, now_s: float) -> None:
        """Note the end of a command."""
        self.counts["success" if end.is_success else "timeout" if end.is_late else "failure"] += 1
        run = _spell(end.change, now_s - end.took_s)
        self._ended.append(
            {**run, "ended_at": format_time(round(now_s)), "exit_code": end.exit_code, "late": end.is_late}
        )
        del self._ended[:-_MOST]

    def spell(self, running: list[tuple[Change, float]]) -> list[JsonObject]:
        """Return the commands that ended, then those that run: a change, and since when, in seconds since 1970."""
        return [*self._ended, *(_spell(change, began_s) for change, began_s in running)]


def _spell(change: Change, started_s: float) -> JsonObject:
    event = change.event
    return {
        "event_id": event.event_id,
        "event_type": event.event_type,
        "change": change.kind,
        "started_at": format_time(round(started_s)),
    }
