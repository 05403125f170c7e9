# SPDX-License-Identifier: Apache-2.0
"""A runner that says what would be run, and runs nothing."""

from __future__ import annotations

from .runner import name_change

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..records import JsonObject
    from ..reporter import Reporter
    from .model import Change


class DryRunner:
    """Reports each command, which then counts as one that succeeded."""

    outlives_watch = False

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter

    def start(self, change: Change, spelled: JsonObject) -> DryRun:  # noqa: ARG002  a runner takes both
        """Report the command for a change."""
        self._reporter.notice(f"Would run the command for {name_change(change)}.")
        return DryRun()


class DryRun:
    """A command that was not run."""

    waiting_for: int | None = None

    def poll(self) -> int:
        """Return the exit code of a command that succeeds."""
        return 0

    def ask_to_end(self) -> None:
        """Do nothing."""

    def kill(self) -> None:
        """Do nothing."""
