# SPDX-License-Identifier: Apache-2.0
"""Commands run by the shell as children of the watch, which end with it."""

from __future__ import annotations

import json
import os

from .guarded_run import GuardedRun
from .spelling import build_environment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..records import JsonObject
    from .model import Change


class ShellRunner:
    """Runs `command` with the shell. Text from IMDS is in its environment and input only, never in the command.

    `kept`: descriptors that stay open until a command has ended, also after the watch itself: the lock of the state,
    so that no other watch begins beside it.
    """

    outlives_watch = False

    def __init__(self, command: str, *, kept: Sequence[int] = ()) -> None:
        self._command = command
        self._kept = kept

    def start(self, change: Change | None, spelled: JsonObject) -> GuardedRun:  # noqa: ARG002  it is spelled already
        """Start the command. Raises OSError where it cannot be started now."""
        # Memory rather than a pipe: a command that does not read it delays nothing. No file: a disk can be full.
        with open(os.memfd_create("event"), "w+b") as given:
            given.write(json.dumps(spelled).encode() + b"\n")
            given.seek(0)
            return GuardedRun(
                ["/bin/sh", "-c", self._command],
                given=given.fileno(),
                environment={**os.environ, **build_environment(spelled)},
                kept=self._kept,
            )
