# SPDX-License-Identifier: Apache-2.0
"""The command `emulate`: serves in the foreground, or for a command in a sandbox."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from azure_imds_facts.commands.streams import print_answer, print_message

from .assembly import Assembly, assemble
from .control.client import send_changes
from .endpoints.served_paths import is_served
from .errors import EmulatorError, NamespaceError, format_choices, format_value
from .files import open_log
from .fleet.command import build_fleet, check_flags, write_files
from .http.listener import IMDS_ADDRESS, IMDS_PORT, format_url, open_listener
from .servers import BackgroundServer, EmulatorServer, Site, VmSite, import_http_server
from .settings.flags import add_arguments, read_flags
from .vm.fields import load_instance_tree
from .vm.machine import RawMachine
from .vm.projection import find_unknown_fields

if TYPE_CHECKING:
    import argparse
    import socket

__all__ = ["add_arguments", "run"]

Log = Callable[[str], None]


def run(arguments: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT; standard output receives the URL and nothing else, of a fleet one line a VM.

    With a command: run it with 169.254.169.254 as the emulator, and return its exit code. With `--change`: change a
    running emulator.
    """
    try:
        if arguments.change is not None:
            return _change(arguments)
        return _emulate(arguments)
    except EmulatorError as error:
        print_message(f"azure-imds-facts emulate: {error}")
        return error.exit_code


def _change(arguments: argparse.Namespace) -> int:
    if sys.platform == "win32":
        raise EmulatorError("--change needs Unix sockets, which Python lacks on Windows")
    if not arguments.control:
        raise EmulatorError("--change needs --control, the socket of the emulator to change")
    print_answer(send_changes(arguments.control, arguments.change))
    return 0


def _emulate(arguments: argparse.Namespace) -> int:
    import_http_server()
    if sys.platform == "win32" and arguments.control:
        raise EmulatorError("--control needs Unix sockets, which Python lacks on Windows")
    check_flags(arguments)
    if arguments.fleet:
        return _emulate_fleet(arguments)
    if arguments.child and (arguments.port or arguments.bind):
        raise EmulatorError(f"a command uses the address {IMDS_ADDRESS}:{IMDS_PORT}; omit --port and --bind")
    assembly = assemble(read_flags(arguments))
    _print_warnings(assembly)
    with _open_log(arguments) as log:
        if arguments.child:
            _export_keys(assembly)
            return _run_child(assembly, arguments.child, log)
        listener = open_listener(assembly.settings.bind, assembly.settings.port)
        url = format_url(listener)
        assembly.authority.serve_at(url)
        _export_keys(assembly)
        return asyncio.run(_serve(VmSite(assembly), [listener], log, answer=url))


def _emulate_fleet(arguments: argparse.Namespace) -> int:
    fleet = build_fleet(arguments)
    first = next(iter(fleet.vms.values())).assembly
    _print_warnings(first)
    with _open_log(arguments) as log:
        listeners = fleet.open_listeners()
        _export_keys(first)
        with write_files(fleet, arguments) as answer:
            return asyncio.run(_serve(fleet, listeners, log, answer=answer))


def _run_child(assembly: Assembly, command: list[str], log: Log | None) -> int:
    if sys.platform == "win32":
        raise EmulatorError("a command needs the namespaces of Linux; set AZURE_IMDS_ENDPOINT instead")
    if sys.platform != "linux":
        raise NamespaceError("a command needs the namespaces of Linux; set AZURE_IMDS_ENDPOINT instead")
    from .sandbox.run_command import run_command  # its imports exist on Linux only

    server = BackgroundServer(VmSite(assembly), log=log)
    return run_command(command, server=server, vm_id=assembly.vm_id, platform=assembly.platform, agent=assembly.agent)


def _export_keys(assembly: Assembly) -> None:
    if assembly.settings.export_keys:
        assembly.authority.write_public_keys(Path(assembly.settings.export_keys))


def _print_warnings(assembly: Assembly) -> None:
    settings = assembly.settings
    if settings.allow_remote:
        print_message(f"warning: {settings.bind} hands out metadata and tokens to any host that can reach it")
    _warn_of_unserved_faults(assembly)
    if isinstance(assembly.machine, RawMachine):
        return
    unknown = find_unknown_fields(assembly.machine.document, load_instance_tree(platform=assembly.platform))
    if unknown and settings.keep_unknown:
        print_message(f"warning: no api-version has {format_choices(unknown)}; served in every version all the same")
    elif unknown:
        names = format_choices(unknown)
        print_message(f"warning: {settings.document_name}: no api-version has {names}; --keep-unknown serves them")


def _warn_of_unserved_faults(assembly: Assembly) -> None:
    """A fault where nothing is served can be a test of just that, or a path that is misspelt."""
    has_any_field = assembly.settings.raw or assembly.settings.keep_unknown
    fields = None if has_any_field else load_instance_tree(platform=assembly.platform)
    for path, _ in assembly.settings.faults:
        if not is_served(path, assembly.router.endpoints, fields):
            print_message(f"warning: fault {format_value(path)}: the emulator serves nothing at this path or below it")


@contextmanager
def _open_log(arguments: argparse.Namespace) -> Iterator[Log | None]:
    """Open the request log: a function that writes a line to standard error or to a file, or None."""
    if not arguments.log:
        # Standard error belongs to the command, if there is one.
        yield None if arguments.quiet or (arguments.child and not arguments.verbose) else print_message
        return
    with open_log(arguments.log) as file:
        yield lambda line: _write_line(file, line)


def _write_line(file: TextIO, line: str) -> None:
    with suppress(OSError):  # a full disk must not stop the server
        print(line, file=file)


async def _serve(site: Site, listeners: Sequence[socket.socket], log: Log | None, *, answer: str) -> int:
    """Serve until a signal; print the answer once requests are accepted."""
    server = EmulatorServer(site, log=log)
    stopped = asyncio.Event()
    _stop_on_signals(stopped)
    await server.start(*listeners)
    print_answer(answer)
    await stopped.wait()
    await server.stop()
    return 0


def _stop_on_signals(stopped: asyncio.Event) -> None:
    """Let SIGTERM and SIGINT, on Windows Ctrl-C and Ctrl-Break, set an event of the running loop."""
    loop = asyncio.get_running_loop()
    if sys.platform == "win32":
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGBREAK):
            signal.signal(number, lambda *_of: loop.call_soon_threadsafe(stopped.set))
    else:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopped.set)
