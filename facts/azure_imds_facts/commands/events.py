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

import os

from azure_imds_facts.commands.collection import (
    ErrorStreamReporter,
    RepeatingReporter,
    add_settings,
    read_settings,
)
from azure_imds_facts.commands.streams import print_json
from azure_imds_facts.core.cache import Cache
from azure_imds_facts.core.clock import Clock
from azure_imds_facts.core.collector import open_transport
from azure_imds_facts.core.errors import TRANSIENT, UsageError
from azure_imds_facts.core.events.client import SWITCH_ON_S, EventClient, UnknownEventError
from azure_imds_facts.core.events.model import concerns
from azure_imds_facts.core.events.spelling import spell_approval, spell_event
from azure_imds_facts.core.host import Host, require_azure
from azure_imds_facts.core.settings import DEFAULT_TIMEOUT_S

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from azure_imds_facts.commands.signals import Signals
    from azure_imds_facts.core.reporter import Reporter
    from azure_imds_facts.core.settings import Settings

_ROOTS_STATE = "/var/lib/azure-imds-facts/events.json"
# The time when IMDS was last asked for events: the service is switched on then.
_MARK = "events.asked"
_SILENCE_S = 24 * 3600.0
_HOOK_S = 600.0
# Flags that may not be empty, flags that need another, and flags that exclude another; the problem; what to do.
_EMPTY = (
    ("exec", "--exec has no command.", "Give one, such as --exec /usr/local/sbin/drain."),
    ("approve", "--approve has no id.", "Give the event_id that azure-imds-facts events prints."),
    ("vm_name", "--vm-name has no name.", "Give compute.name of the VM, or leave it out."),
    ("state", "--state has no file.", "Name one, or leave it out."),
)
_NEEDS = (
    ("exec", "watch", "--exec runs for changes.", "Add --watch."),
    ("approve_on_success", "exec", "Nothing can succeed without --exec.", "Add --exec."),
    ("exec_timeout", "exec", "--exec-timeout is for --exec.", "Add --exec."),
    ("state", "watch", "--state is for --watch.", "Add --watch."),
)
_EXCLUDES = (
    ("exec", "all", "--exec runs for this VM's events.", "Leave --all out."),
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
        "--approve-on-success", action="store_true", help="with --exec: approve an event once the command ended with 0"
    )
    parser.add_argument(
        "--exec-timeout", metavar="SECONDS", type=float, help="with --exec: end a command after this long (600)"
    )
    parser.add_argument(
        "--state",
        metavar="FILE",
        help="where --watch stores its state, so that a restart prints nothing twice (with --exec: "
        f"root {_ROOTS_STATE}, others below $XDG_STATE_HOME; without: nowhere)",
    )
    names = parser.add_mutually_exclusive_group()
    names.add_argument("--vm-name", metavar="NAME", help="whose events count (compute.name of this VM)")
    names.add_argument("--all", action="store_true", help="events of the other VMs in its set as well")
    parser.add_argument("--events-version", metavar="VERSION", help="an api-version of scheduled events (2020-07-01)")
    add_settings(parser, leave_out=("gather", "reveal"))


def run(arguments: argparse.Namespace) -> int:
    """List, approve or watch. Raises the ImdsError of the outcome."""
    _check(arguments)
    # One look takes as long as switching the service on may take; a watch comes back every second anyway.
    settings = read_settings(arguments, timeout=DEFAULT_TIMEOUT_S if arguments.watch else SWITCH_ON_S + 30.0)
    reporter = ErrorStreamReporter(is_verbose=arguments.verbose)
    require_azure(settings, Host())
    client = EventClient(
        settings.endpoint,
        open_transport,
        api_version=arguments.events_version,
        timeout_s=SWITCH_ON_S if arguments.watch else settings.timeout,
        reporter=reporter,
        spacing_s=1.0 if arguments.watch else 0.25,
    )
    try:
        if arguments.watch:
            return _watch(arguments, settings, client, reporter)
        _warn_of_first_call(settings, reporter)
        if arguments.approve:
            _approve(arguments.approve, client)
        else:
            name = None if arguments.all else arguments.vm_name or _fetch_name(settings, reporter)
            _print_events(name, client, reporter)
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


def _print_events(vm_name: str | None, client: EventClient, reporter: Reporter) -> None:
    """Print the events of a VM (None: of all). Events of others alone are no empty list to a person: say so."""
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
    wrong += [rule[1:] for rule in _NEEDS if rule[0] in values and rule[1] not in values]
    wrong += [rule[1:] for rule in _EXCLUDES if rule[0] in values and rule[1] in values]
    if not 0 < values.get("exec_timeout", 1) < 1e9:
        wrong.append(("exec_timeout", "--exec-timeout is no time.", "Give seconds above 0."))
    for _flag, problem, hint in wrong:
        raise UsageError(problem, hint=hint)


def _is_empty(value: object) -> bool:
    """Return whether a flag was given an empty text, among others perhaps."""
    return value == "" or (isinstance(value, list) and "" in value)


def _watch(arguments: argparse.Namespace, settings: Settings, client: EventClient, reporter: Reporter) -> int:
    from azure_imds_facts.commands.event_hooks import Hooks  # noqa: PLC0415  one look needs none of these
    from azure_imds_facts.commands.event_state import LockedState  # noqa: PLC0415
    from azure_imds_facts.commands.event_watch_loop import WatchLoop  # noqa: PLC0415
    from azure_imds_facts.commands.signals import Signals, Stopped  # noqa: PLC0415
    from azure_imds_facts.core.events.watch import Watch  # noqa: PLC0415

    signals = Signals()
    path = arguments.state or (_default_state() if arguments.exec else None)
    state = LockedState(path) if path else None
    clock = Clock()
    _warn_of_first_call(settings, reporter)
    try:
        name = None if arguments.all else arguments.vm_name or _wait_for_name(settings, signals, reporter)
    except Stopped:
        return 0
    watch = Watch(client, vm_name=name, clock=clock, reporter=reporter)
    hooks = None
    if arguments.exec:
        timeout_s = arguments.exec_timeout or _HOOK_S
        hooks = Hooks(arguments.exec, spell=watch.spell, timeout_s=timeout_s, clock=clock, reporter=reporter)
    WatchLoop(
        watch, signals=signals, reporter=reporter, hooks=hooks, state=state, approves=arguments.approve_on_success
    ).run()
    return 0


def _wait_for_name(settings: Settings, signals: Signals, reporter: Reporter) -> str:
    """Return this VM's name once IMDS answers. Raises the ImdsError of an outcome that does not pass, and Stopped."""
    reported, repeating = "", RepeatingReporter(reporter)
    while True:
        try:
            with signals:
                name = _fetch_name(settings, repeating)
        except TRANSIENT as error:
            if error.outcome != reported:
                reported = error.outcome
                reporter.notice(f"{error} Asking for this VM's name again, until IMDS answers.")
            signals.sleep(1.0)
        else:
            if reported:
                reporter.notice("This VM's name is known now; watching begins.")
            return name


def _fetch_name(settings: Settings, reporter: Reporter) -> str:
    from azure_imds_facts.core.events.watch import fetch_vm_name  # noqa: PLC0415  --all and --approve need no name

    return fetch_vm_name(settings, open_transport=open_transport, reporter=reporter)


def _warn_of_first_call(settings: Settings, reporter: Reporter) -> None:
    clock = Clock()
    cache = Cache(settings.cache_dir, clock=clock, reporter=reporter)
    try:
        since_s = clock.time() - float(cache.read_file(_MARK) or b"")
    except ValueError:
        since_s = -1.0
    if not 0 <= since_s < _SILENCE_S:
        reporter.notice("The first request switches scheduled events on for this VM, which may take up to two minutes.")
    cache.write_file(_MARK, str(int(clock.time())).encode())


def _default_state() -> str:
    if os.geteuid() == 0:
        return _ROOTS_STATE
    home = os.environ.get("XDG_STATE_HOME") or os.path.join(os.path.expanduser("~"), ".local", "state")
    return os.path.join(home, "azure-imds-facts", "events.json")
