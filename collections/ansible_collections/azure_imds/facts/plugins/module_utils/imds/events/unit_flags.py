# SPDX-License-Identifier: Apache-2.0
"""The flags that the systemd units give: those of the command `events` which a watcher or its service can have.

The role's program, which has no command line of its own, reads them here, and so does the role itself, on the
controller, before it changes a host.
"""

from __future__ import annotations

import argparse

from .. import errors, records
from .policy import Policy, parse_types
from .watch_options import COMMAND_S, WatchOptions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn


@records.record
class UnitFlags:
    """What a unit's program is to do: show a watch's status, take over with a command, or watch.

    `take_over` None: it does not; `timeout_s` is for that.
    """

    is_status: bool
    take_over: str | None
    timeout_s: float
    watch: WatchOptions
    cache_dir: str | None


class _Parser(argparse.ArgumentParser):
    """A parser that raises."""

    def error(self, message: str) -> NoReturn:
        """Raise UsageError."""
        raise errors.UsageError(
            f"{message[:1].upper()}{message[1:]}.", hint="azure-imds-facts events --help lists all."
        )


def parse_unit_flags(words: Sequence[str]) -> UnitFlags:
    """Return what the words after `events` say. Raises UsageError."""
    given = _build_parser().parse_args(words)
    if bool(given.take_over) + bool(given.watch and given.hand_over) + given.status != 1:
        hint = "Give --watch --hand-over SOCKET, --take-over COMMAND or --status."
        raise errors.UsageError("There is nothing to do, or too much at once.", hint=hint)
    return UnitFlags(
        is_status=given.status,
        take_over=given.take_over,
        timeout_s=COMMAND_S if given.exec_timeout is None else given.exec_timeout,
        watch=WatchOptions(
            hand_over=given.hand_over,
            state_path=given.state,
            policy=Policy(
                types=None if given.types is None else parse_types(given.types),
                approves_on_success=given.approve_on_success,
                approves_user=given.approve_user,
                approve_freeze_below_s=given.approve_freeze_below,
                approves_shared=given.approve_shared,
                is_dry_run=given.dry_run,
            ),
            vm_name=given.vm_name,
            events_version=given.events_version,
            metrics_path=given.metrics,
        ),
        cache_dir=given.cache_dir,
    )


def _build_parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="azure-imds-facts events", add_help=False, allow_abbrev=False)
    for flag in ("--watch", "--approve-on-success", "--approve-user", "--approve-shared", "--dry-run", "--status"):
        parser.add_argument(flag, action="store_true")
    for name in ("hand-over", "take-over", "state", "cache-dir", "types", "vm-name", "events-version", "metrics"):
        parser.add_argument(f"--{name}")
    for flag in ("--exec-timeout", "--approve-freeze-below"):
        parser.add_argument(flag, type=_parse_seconds)
    return parser


def _parse_seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds < 1e9:
        raise ValueError
    return seconds
