# SPDX-License-Identifier: Apache-2.0
"""The command `emulate`: an emulator in the foreground, or around a command."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from azure_imds_facts.commands.streams import print_answer, tell

from .assembly import Assembly, assemble
from .background import load_server
from .control.server import send_changes
from .errors import EmulatorError, NamespaceError, choices
from .http.listener import ADDRESS, PORT, bind_socket, spell_url
from .settings.flags import add_arguments, read_settings
from .vm.machine import RawMachine
from .vm.projection import unknown_fields

if TYPE_CHECKING:
    import argparse

    from .http.server import Server
    from .settings.table import Settings

__all__ = ["add_arguments", "run"]

Log = Callable[[str], None]


def run(arguments: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT; standard output carries the URL and nothing else.

    With a command: run it where 169.254.169.254 is the emulator, and return its exit code. With `--change`: change
    a running emulator.
    """
    try:
        if arguments.change is not None:
            return _change(arguments)
        return _emulate(arguments)
    except EmulatorError as error:
        tell(f"azure-imds-facts emulate: {error}")
        return error.exit_code


def _change(arguments: argparse.Namespace) -> int:
    if not arguments.control:
        raise EmulatorError("--change needs --control, the socket of the emulator to change")
    print_answer(send_changes(arguments.control, arguments.change))
    return 0


def _emulate(arguments: argparse.Namespace) -> int:
    server_class = load_server()
    if arguments.child and (arguments.port or arguments.bind):
        raise EmulatorError(f"--port and --bind: a command finds the emulator at {ADDRESS}:{PORT}; leave them out")
    assembly = assemble(read_settings(arguments))
    _warn(assembly)
    if assembly.settings.export_keys:
        assembly.authority.export(Path(assembly.settings.export_keys))
    with _open_log(arguments) as log:
        if arguments.child:
            return _run_child(assembly, arguments.child, log)
        return asyncio.run(_serve(server_class(assembly, log=log), assembly.settings))


def _run_child(assembly: Assembly, command: list[str], log: Log | None) -> int:
    if sys.platform != "linux":
        raise NamespaceError("a command needs the namespaces of Linux; set AZURE_IMDS_ENDPOINT for it instead")
    from .sandbox.run_command import run_around  # what it needs is not there on other systems

    return run_around(assembly, command, log=log)


def _warn(assembly: Assembly) -> None:
    settings = assembly.settings
    if settings.allow_remote:
        tell(f"warning: {settings.bind} hands out metadata and tokens to whoever can reach it")
    if settings.document is not None and not isinstance(assembly.machine, RawMachine):
        unknown = unknown_fields(settings.document)
        if unknown:
            tell(f"warning: {settings.document_name}: no api-version has {choices(unknown)}; --raw serves them")


@contextmanager
def _open_log(arguments: argparse.Namespace) -> Iterator[Log | None]:
    """Give what writes a line a request: to standard error, to a file, or nothing."""
    if not arguments.log:
        # Around a command standard error is the command's.
        yield None if arguments.quiet or (arguments.child and not arguments.verbose) else tell
        return
    try:
        file = open(arguments.log, "a", encoding="utf-8", errors="backslashreplace", buffering=1)  # noqa: SIM115
    except OSError as error:
        raise EmulatorError(f"--log {arguments.log}: {(error.strerror or str(error)).lower()}") from error
    with file:
        yield lambda line: _note(file, line)


def _note(file: TextIO, line: str) -> None:
    with suppress(OSError):  # a full disk is no reason to stop serving
        print(line, file=file)


async def _serve(server: Server, settings: Settings) -> int:
    listener = bind_socket(settings.bind, settings.port)
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    await server.start(listener)
    print_answer(spell_url(listener))
    await ended.wait()
    await server.stop()
    return 0
