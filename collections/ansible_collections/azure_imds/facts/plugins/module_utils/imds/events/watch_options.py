# SPDX-License-Identifier: Apache-2.0
"""What the flags of `events --watch` say, for the program that watches."""

from __future__ import annotations

from .. import records
from .policy import Policy

COMMAND_S = 600.0


@records.record
class WatchOptions:
    """What the flags of `events --watch` say, one field a flag.

    `command`: run by the shell for changes of this VM's events, None: none; `command_timeout_s` ends it. `hand_over`:
    instead of that, the Unix socket of the service that runs one. `state_path`: the state file, None: the default one
    with either, none without. `vm_name` None: asked for; `is_all`: events of other VMs too. `events_version`: an
    api-version of scheduled events. `metrics_path`: a file for Prometheus.
    """

    command: str | None = None
    command_timeout_s: float = COMMAND_S
    hand_over: str | None = None
    state_path: str | None = None
    policy: Policy = Policy()
    vm_name: str | None = None
    is_all: bool = False
    events_version: str | None = None
    metrics_path: str | None = None

    @property
    def has_command(self) -> bool:
        """Return whether changes run a command, here or behind the socket."""
        return self.command is not None or self.hand_over is not None
