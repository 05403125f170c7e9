# SPDX-License-Identifier: Apache-2.0
"""Print maintenance before it happens: Azure's scheduled events for this VM, one JSON object a line.

Without flags it prints the present events. With --watch it goes on and prints each change (scheduled, updated,
started, completed, cancelled) until SIGTERM or Ctrl-C, across outages of IMDS. With --approve it lets an event
start now, for instance once the machine is drained. The first request ever made on a VM switches
Azure's service on for it, which may take up to two minutes; after a day without requests it is off again.

For example:  azure-imds-facts events
              azure-imds-facts events --watch
              azure-imds-facts events --watch --exec 'systemctl stop my-service' --approve-on-success
              azure-imds-facts events --approve 602D9444-D2CD-49C7-8624-8643E7171297

A command of --exec runs in /bin/sh for every change. It gets the event as JSON on its input and in AZURE_IMDS_EVENT_
CHANGE, ID, TYPE, STATUS, RESOURCE_TYPE, RESOURCES, NOT_BEFORE, SECONDS_LEFT, DESCRIPTION, SOURCE, DURATION and
CONCERNS_OTHERS; look at CHANGE first.
"""

from __future__ import annotations

import sys

from azure_imds_facts.commands.collection import ErrorStreamReporter, add_settings, read_settings
from azure_imds_facts.commands.streams import print_json
from azure_imds_facts.core.collector import open_transport
from azure_imds_facts.core.errors import UsageError
from azure_imds_facts.core.events.client import SWITCH_ON_S, EventClient, UnknownEventError
from azure_imds_facts.core.events.first_call import warn_of_first_call
from azure_imds_facts.core.events.locked_state import ROOTS_STATE
from azure_imds_facts.core.events.model import concerns
from azure_imds_facts.core.events.spelling import spell_approval, spell_event
from azure_imds_facts.core.host import Host, require_azure

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from azure_imds_facts.core.events.program import WatchOptions
    from azure_imds_facts.core.reporter import Reporter
    from azure_imds_facts.core.settings import Settings

# Flags that may not be empty, flags that need another (or one of several), and flags that exclude another; the problem;
# what to do.
_EMPTY = (
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
    ("approve_on_success", ("exec", "hand_over"), "Nothing can succeed without --exec or --hand-over.", "Add one."),
    ("exec_timeout", ("exec", "take_over"), "--exec-timeout is for --exec and --take-over.", "Add one of these."),
    ("state", "watch", "--state is for --watch.", "Add --watch."),
)
_EXCLUDES = (
    ("exec", "all", "--exec runs for this VM's events.", "Leave --all out."),
    ("hand_over", "all", "--hand-over is for this VM's events.", "Leave --all out."),
    ("hand_over", "exec", "--hand-over is instead of --exec.", "Leave one of them out."),
    ("take_over", "watch", "--take-over takes one change over.", "Leave --watch out."),
    ("take_over", "approve", "--take-over takes one change over.", "Leave --approve out."),
    ("approve", "watch", "--approve does not watch.", "Run it by itself."),
    ("approve", "all", "--approve takes an id, whichever VM it is about.", "Leave --all out."),
    ("approve", "vm_name", "--approve takes an id, whichever VM it is about.", "Leave --vm-name out."),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's flags."""
    parser.add_argument("--watch", action="store_true", help="go on, and print each change as it comes")
    parser.add_argument(
        "--approve", metavar="ID", action="append", help="let this event start now; may stand several times"
    )
    parser.add_argument("--exec", metavar="COMMAND", help="with --watch: run this for each change of this VM's events")
    parser.add_argument(
        "--hand-over",
        metavar="SOCKET",
        help="instead of --exec: hand each change to the service behind this socket, which runs the command as root",
    )
    parser.add_argument(
        "--take-over",
        metavar="COMMAND",
        help="what that service does: run this for the change that comes over standard input, a socket",
    )
    parser.add_argument(
        "--approve-on-success",
        action="store_true",
        help="with --exec or --hand-over: approve an event once the command ended with 0",
    )
    parser.add_argument(
        "--exec-timeout",
        metavar="SECONDS",
        type=float,
        help="with --exec or --take-over: end a command after this long (600)",
    )
    parser.add_argument(
        "--state",
        metavar="FILE",
        help="where --watch stores its state, so that a restart prints nothing twice (with --exec "
        f"or --hand-over: root {ROOTS_STATE}, others below $XDG_STATE_HOME; without: nowhere)",
    )
    names = parser.add_mutually_exclusive_group()
    names.add_argument("--vm-name", metavar="NAME", help="whose events count (compute.name of this VM)")
    names.add_argument("--all", action="store_true", help="events of the other VMs in its set as well")
    parser.add_argument("--events-version", metavar="VERSION", help="an api-version of scheduled events (2020-07-01)")
    add_settings(parser, leave_out=("gather", "reveal"))


def run(arguments: argparse.Namespace) -> int:
    """List, approve or watch. Raises the ImdsError of the outcome."""
    _check(arguments)
    reporter = ErrorStreamReporter(is_verbose=arguments.verbose)
    if arguments.take_over:
        from azure_imds_facts.core.events.program import COMMAND_S  # noqa: PLC0415  one look needs none of it
        from azure_imds_facts.core.events.socket_service import take_over  # noqa: PLC0415

        return take_over(arguments.take_over, timeout_s=arguments.exec_timeout or COMMAND_S, reporter=reporter)
    if arguments.watch:
        from azure_imds_facts.core.events.program import run_watch  # noqa: PLC0415  one look needs none of it

        output = None if sys.stdout is None else sys.stdout.fileno()
        return run_watch(_read_options(arguments), read_settings(arguments), reporter, output=output)
    # One look takes as long as switching the service on may take.
    settings = read_settings(arguments, timeout=SWITCH_ON_S + 30.0)
    require_azure(settings, Host())
    client = EventClient(
        settings.endpoint,
        open_transport,
        api_version=arguments.events_version,
        timeout_s=settings.timeout,
        reporter=reporter,
    )
    try:
        warn_of_first_call(settings, reporter)
        if arguments.approve:
            _approve(arguments.approve, client)
        else:
            _print_events(arguments, settings, client, reporter)
        return 0
    finally:
        client.close()


def _approve(event_ids: list[str], client: EventClient) -> None:
    for event_id in event_ids:
        try:
            is_new = client.approve(event_id)
        except UnknownEventError as error:
            hint = f"{error.hint} Ask for the events there are: azure-imds-facts events"
            raise UnknownEventError(error.problem, hint=hint) from None
        print_json(spell_approval(event_id, is_new=is_new))


def _print_events(arguments: argparse.Namespace, settings: Settings, client: EventClient, reporter: Reporter) -> None:
    """Print the events of this VM, or of all. Events of others alone are no empty list to a person: say so."""
    vm_name = None if arguments.all else arguments.vm_name
    if not vm_name and not arguments.all:
        from azure_imds_facts.core.events.watch import fetch_vm_name  # noqa: PLC0415  --all needs no name

        vm_name = fetch_vm_name(settings, open_transport=open_transport, reporter=reporter)
    listed = client.fetch_timeline().events
    own = [event for event in listed if vm_name is None or concerns(event, vm_name)]
    for event in own:
        print_json(spell_event(event, now_s=client.clock.time(), vm_name=vm_name))
    if listed and not own:
        counted = "1 event names" if len(listed) == 1 else f"{len(listed)} events name"
        reporter.notice(f"{counted} other VMs than {vm_name}; --all prints them.")


def _check(arguments: argparse.Namespace) -> None:
    """Raise UsageError for flags that make no sense together."""
    values = {name: value for name, value in vars(arguments).items() if value is not None and value is not False}
    wrong = [rule for rule in _EMPTY if _is_empty(values.get(rule[0]))]
    wrong += [
        (flag, problem, hint)
        for flag, needed, problem, hint in _NEEDS
        if flag in values and values.keys().isdisjoint((needed,) if isinstance(needed, str) else needed)
    ]
    wrong += [rule[1:] for rule in _EXCLUDES if rule[0] in values and rule[1] in values]
    if not 0 < values.get("exec_timeout", 1) < 1e9:
        wrong.append(("exec_timeout", "--exec-timeout is no time.", "Give seconds above 0."))
    for _flag, problem, hint in wrong:
        raise UsageError(problem, hint=hint)


def _is_empty(value: object) -> bool:
    """Return whether a flag was given an empty text, among others perhaps."""
    return value == "" or (isinstance(value, list) and "" in value)


def _read_options(arguments: argparse.Namespace) -> WatchOptions:
    """Return what the flags say about a watch. Raises UsageError."""
    from azure_imds_facts.core.events.policy import Policy  # noqa: PLC0415  one look needs neither
    from azure_imds_facts.core.events.program import COMMAND_S, WatchOptions  # noqa: PLC0415

    return WatchOptions(
        command=arguments.exec,
        command_timeout_s=arguments.exec_timeout or COMMAND_S,
        hand_over=arguments.hand_over,
        state_path=arguments.state,
        policy=Policy(approves_on_success=arguments.approve_on_success),
        vm_name=arguments.vm_name,
        is_all=arguments.all,
        events_version=arguments.events_version,
    )
