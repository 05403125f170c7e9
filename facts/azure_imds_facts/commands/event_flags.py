# SPDX-License-Identifier: Apache-2.0
"""The flags of the command `events`, and which of them make sense together."""

from __future__ import annotations

import sys

from azure_imds_facts.commands.collection import add_settings
from azure_imds_facts.core.errors import UsageError
from azure_imds_facts.core.events.policy import TYPES
from azure_imds_facts.core.events.state_path import ROOTS_STATE

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from azure_imds_facts.core.events.watch_options import WatchOptions

# Flags that may not be empty, that need another or one of several, that are seconds, and that exclude another; the
# problem; what to do.
_EMPTY = (
    ("types", "--types has no types.", "Name some, such as Reboot,Preempt, or leave it out."),
    ("metrics", "--metrics has no file.", "Name one, or leave it out."),
    ("exec", "--exec has no command.", "Give one, such as --exec /usr/local/sbin/drain."),
    ("hand_over", "--hand-over has no socket.", "Name one, such as /run/azure-imds-event.sock."),
    ("take_over", "--take-over has no command.", "Give one, such as --take-over /usr/local/sbin/drain."),
    ("approve", "--approve has no id.", "Give the event_id that azure-imds-facts events prints."),
    ("vm_name", "--vm-name has no name.", "Give compute.name of the VM, or leave it out."),
    ("state", "--state has no file.", "Name one, or leave it out."),
)
_NEEDS = (
    ("exec", "watch", "--exec runs for changes.", "Add --watch."),
    ("hand_over", "watch", "--hand-over hands over changes.", "Add --watch."),
    ("approve_on_success", "exec|hand_over", "Nothing can succeed without --exec or --hand-over.", "Add --exec."),
    ("exec_timeout", "exec|take_over", "--exec-timeout is for --exec and --take-over.", "Add --exec."),
    ("state", "watch|status", "--state is for --watch and --status.", "Add --watch."),
    ("types", "exec|hand_over", "--types says which events run the command.", "Add --exec."),
    ("approve_user", "watch", "--approve-user is for --watch.", "Add --watch."),
    ("approve_freeze_below", "watch", "--approve-freeze-below is for --watch.", "Add --watch."),
    ("approve_shared", "watch", "--approve-shared is for --watch; --approve approves what it names.", "Add --watch."),
    ("dry_run", "watch", "--dry-run is for --watch.", "Add --watch."),
    ("metrics", "watch", "--metrics is for --watch.", "Add --watch."),
)
_TIMES = (
    ("exec_timeout", "--exec-timeout is no time.", "Give seconds above 0."),
    ("approve_freeze_below", "--approve-freeze-below is no time.", "Give seconds above 0."),
)
_EXCLUDES = (
    ("exec", "all", "--exec runs for this VM's events.", "Leave --all out."),
    ("hand_over", "all", "--hand-over is for this VM's events.", "Leave --all out."),
    ("hand_over", "exec", "--hand-over is instead of --exec.", "Leave one of them out."),
    ("take_over", "watch", "--take-over takes one change over.", "Leave --watch out."),
    ("take_over", "approve", "--take-over takes one change over.", "Leave --approve out."),
    ("take_over", "status", "--take-over takes one change over.", "Leave --status out."),
    ("approve_user", "all", "--approve-user is about this VM's events.", "Leave --all out."),
    ("approve_freeze_below", "all", "--approve-freeze-below is about this VM's events.", "Leave --all out."),
    ("status", "watch", "--status shows what a watch has stored.", "Run it by itself."),
    ("status", "approve", "--status approves nothing.", "Run it by itself."),
    ("status", "all", "--status shows what a watch has stored.", "Leave --all out."),
    ("status", "vm_name", "--status shows what a watch has stored.", "Leave --vm-name out."),
    ("approve", "watch", "--approve does not watch.", "Run it by itself."),
    ("approve", "all", "--approve takes an id, whichever VM it is about.", "Leave --all out."),
    ("approve", "vm_name", "--approve takes an id, whichever VM it is about.", "Leave --vm-name out."),
)
# On Windows no watch stores anything or runs a command: nothing was tried there that ends one with the watch.
_NOT_ON_WINDOWS = ("exec", "hand_over", "take_over", "state", "status", "metrics")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's flags."""
    parser.add_argument("--watch", action="store_true", help="keep running and print each change")
    parser.add_argument("--approve", metavar="ID", action="append", help="let this event start now; can be repeated")
    parser.add_argument("--exec", metavar="COMMAND", help="with --watch: run this for each change of this VM's events")
    parser.add_argument(
        "--hand-over",
        metavar="SOCKET",
        help="instead of --exec: pass each change to the service behind this socket, which runs its command as root",
    )
    parser.add_argument(
        "--take-over",
        metavar="COMMAND",
        help="in that service: run this for the change that arrives on standard input, a socket",
    )
    parser.add_argument(
        "--approve-on-success",
        action="store_true",
        help="with --exec or --hand-over: approve an event after its command ended with 0",
    )
    parser.add_argument(
        "--exec-timeout",
        metavar="SECONDS",
        type=float,
        help="with --exec or --take-over: end a command after this time (600)",
    )
    parser.add_argument(
        "--types", metavar="LIST", help=f"which events run the command: {','.join(TYPES)}, or all (all but Freeze)"
    )
    parser.add_argument("--approve-user", action="store_true", help="approve at once what a user of Azure asked for")
    parser.add_argument(
        "--approve-freeze-below",
        metavar="SECONDS",
        type=float,
        help="approve at once a Freeze that is known to be shorter",
    )
    parser.add_argument(
        "--approve-shared",
        action="store_true",
        help="also approve events that name other VMs, which start for those VMs too",
    )
    parser.add_argument("--dry-run", action="store_true", help="only say what would be run and approved")
    parser.add_argument(
        "--metrics", metavar="FILE", help="the file for metrics, for node_exporter's textfile collector"
    )
    parser.add_argument("--status", action="store_true", help="show what a watch reported and how its commands ended")
    parser.add_argument(
        "--state",
        metavar="FILE",
        help="where --watch keeps its state, so that a restart reports nothing twice (with --exec "
        f"or --hand-over: root {ROOTS_STATE}, others below $XDG_STATE_HOME; otherwise nowhere)",
    )
    names = parser.add_mutually_exclusive_group()
    names.add_argument("--vm-name", metavar="NAME", help="the VM whose events to print (this VM's compute.name)")
    names.add_argument("--all", action="store_true", help="also the events of other VMs in its set")
    parser.add_argument("--events-version", metavar="VERSION", help="the api-version of scheduled events (2020-07-01)")
    add_settings(parser, leave_out=("gather", "reveal"))


def check_flags(arguments: argparse.Namespace) -> None:
    """Raise UsageError for flags that make no sense together."""
    values = {name: value for name, value in vars(arguments).items() if value is not None and value is not False}
    if sys.platform == "win32":
        refuse_on_windows(values)
    wrong = [rule for rule in _EMPTY if _is_empty(values.get(rule[0]))]
    wrong += [rule[1:] for rule in _NEEDS if rule[0] in values and not set(rule[1].split("|")) & set(values)]
    wrong += [rule[1:] for rule in _EXCLUDES if rule[0] in values and rule[1] in values]
    wrong += [rule for rule in _TIMES if not 0 < values.get(rule[0], 1) < 1e9]
    for _flag, problem, hint in wrong:
        raise UsageError(problem, hint=hint)


def refuse_on_windows(flags: Iterable[str]) -> None:
    """Raise UsageError for a flag that Windows has no use for."""
    for flag in _NOT_ON_WINDOWS:
        if flag in flags:
            problem = (
                f"--{flag.replace('_', '-')} is not for Windows: no watch runs a command or stores anything there."
            )
            raise UsageError(problem, hint="Act on what events --watch prints.")


def _is_empty(value: object) -> bool:
    """Return whether a flag was given an empty text, among others perhaps."""
    return value == "" or (isinstance(value, list) and "" in value)


def read_options(arguments: argparse.Namespace) -> WatchOptions:
    """Return what the flags say about a watch. Raises UsageError."""
    from azure_imds_facts.core.events.policy import Policy, parse_types  # noqa: PLC0415  one look needs neither
    from azure_imds_facts.core.events.watch_options import COMMAND_S, WatchOptions  # noqa: PLC0415

    return WatchOptions(
        command=arguments.exec,
        command_timeout_s=arguments.exec_timeout or COMMAND_S,
        hand_over=arguments.hand_over,
        state_path=arguments.state,
        policy=Policy(
            types=None if arguments.types is None else parse_types(arguments.types),
            approves_on_success=arguments.approve_on_success,
            approves_user=arguments.approve_user,
            approve_freeze_below_s=arguments.approve_freeze_below,
            approves_shared=arguments.approve_shared,
            is_dry_run=arguments.dry_run,
        ),
        vm_name=arguments.vm_name,
        is_all=arguments.all,
        events_version=arguments.events_version,
        metrics_path=arguments.metrics,
    )
