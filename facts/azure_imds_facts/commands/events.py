# SPDX-License-Identifier: Apache-2.0
"""Print Azure's scheduled events for this VM, one JSON object a line: maintenance before it happens.

Without flags it prints the current events. With --watch it prints each change (scheduled, updated, started, completed,
cancelled) until SIGTERM or Ctrl-C, across outages of IMDS. With --approve it lets an event start now, for example when
the machine is drained. The first request switches scheduled events on for the VM, which can take up to two minutes.
After a day without requests Azure switches them off.

For example:  azure-imds-facts events
              azure-imds-facts events --watch
              azure-imds-facts events --watch --exec 'systemctl stop my-service' --approve-on-success
              azure-imds-facts events --watch --dry-run --exec /usr/local/sbin/drain --approve-user
              azure-imds-facts events --status
              azure-imds-facts events --approve 602D9444-D2CD-49C7-8624-8643E7171297

--exec runs its command in /bin/sh for every change except those of a Freeze, a pause of seconds. --types names the
types that run it. The command gets the event as JSON on standard input, and as variables AZURE_IMDS_EVENT_CHANGE, ID,
TYPE, STATUS, RESOURCE_TYPE, RESOURCES, NOT_BEFORE, SECONDS_LEFT, DESCRIPTION, SOURCE, DURATION and CONCERNS_OTHERS.
Check CHANGE first.
"""

from __future__ import annotations

import os
import sys

from azure_imds_facts.commands.collection import ErrorStreamReporter, read_settings
from azure_imds_facts.commands.event_flags import add_arguments, check_flags, read_options
from azure_imds_facts.commands.streams import print_answer, print_json
from azure_imds_facts.core.collector import open_transport
from azure_imds_facts.core.events.client import SWITCH_ON_S, EventClient, UnknownEventError
from azure_imds_facts.core.events.first_call import warn_of_first_call
from azure_imds_facts.core.events.model import concerns
from azure_imds_facts.core.events.spelling import spell_approval, spell_event
from azure_imds_facts.core.host import choose_host
from azure_imds_facts.core.vm_only import require_azure

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from azure_imds_facts.core.reporter import Reporter
    from azure_imds_facts.core.settings import Settings

__all__ = ["add_arguments", "run"]


def run(arguments: argparse.Namespace) -> int:
    """List, approve or watch. Raises the ImdsError of the outcome."""
    check_flags(arguments)
    if arguments.status:
        return _print_status(arguments.state)
    reporter = ErrorStreamReporter(is_verbose=arguments.verbose)
    if arguments.take_over:
        from azure_imds_facts.core.events.socket_service import take_over  # noqa: PLC0415  one look needs none of it
        from azure_imds_facts.core.events.watch_options import COMMAND_S  # noqa: PLC0415

        return take_over(arguments.take_over, timeout_s=arguments.exec_timeout or COMMAND_S, reporter=reporter)
    if arguments.watch:
        if sys.platform == "win32":
            from azure_imds_facts.core.windows.watch import run_watch  # noqa: PLC0415  one look needs none of it
        else:
            from azure_imds_facts.core.events.program import run_watch  # noqa: PLC0415  the same

        output = None if sys.stdout is None else sys.stdout.fileno()
        return run_watch(read_options(arguments), read_settings(arguments), reporter, output=output)
    # One look takes as long as switching the service on may take.
    settings = read_settings(arguments, timeout=SWITCH_ON_S + 30.0)
    require_azure(settings, choose_host())
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
            listed_id, is_new = client.approve_listed(event_id)
        except UnknownEventError as error:
            hint = f"{error.hint} Ask for the events there are: azure-imds-facts events"
            raise UnknownEventError(error.problem, hint=hint) from None
        print_json(spell_approval(listed_id, is_new=is_new))


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


def _print_status(path: str | None) -> int:
    from azure_imds_facts.core.events.state_path import UNITS_STATE, find_state  # noqa: PLC0415  one look needs neither
    from azure_imds_facts.core.events.status import read_status  # noqa: PLC0415

    if path is None and os.geteuid() == 0 and os.path.exists(UNITS_STATE):
        path = UNITS_STATE
    print_answer(read_status(find_state(path)).rstrip("\n"))
    return 0
