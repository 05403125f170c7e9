# SPDX-License-Identifier: Apache-2.0
"""The command `emulate`: flags in, an emulator in the foreground."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from pathlib import Path

from .assembly import Assembly, assemble
from .clouds import CLOUDS
from .errors import EmulatorError, choices
from .listener import bind_socket, spell_url
from .machine import RawMachine
from .settings import ERAS, Settings
from .shape import unknown_fields
from .vms import VMS

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of the command."""
    parser.description = (
        "Serve an Azure Instance Metadata Service on this machine, for tests and demonstrations."
    )
    add = parser.add_argument
    add("--port", type=int, default=0, help="port to listen on (default: a free one)")
    add("--bind", metavar="ADDRESS", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    add("--allow-remote", action="store_true", help="allow --bind to an address that is not loopback")
    add("--cloud", default="public", help=f"cloud profile: {choices(CLOUDS)} (default: %(default)s)")
    add("--vm", action="append", help=f"machine profile, may be repeated: {choices(VMS)} (default: linux)")
    add("--document", metavar="FILE", help="JSON document to serve instead of the example machine's")
    add("--raw", action="store_true", help="serve the file's bytes as they are, in every version")
    add(
        "--set", metavar="PATH=VALUE", action="append", default=[], help="set a field, such as compute.zone=2"
    )
    add("--tag", metavar="NAME=VALUE", action="append", default=[], help="add or change a tag")
    add("--versions", metavar="LIST", help="api-versions to know, separated by commas (default: the cloud's)")
    add(
        "--era",
        default="now",
        help=f"how a wrong api-version is refused: {choices(ERAS)} (default: %(default)s)",
    )
    add(
        "--rate-limit",
        metavar="N",
        type=float,
        default=5,
        help="requests a second, 0 for no limit (default: 5)",
    )
    add("--retry-after", metavar="SECONDS", type=float, help="Retry-After of a 429 (default: none is sent)")
    add(
        "--fault",
        metavar="[PATH=]SCRIPT",
        action="append",
        default=[],
        help="let requests fail: 410*3,500,hang",
    )
    add("--quiet", action="store_true", help="no line a request on standard error")


def run(arguments: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT; standard output carries the URL and nothing else."""
    try:
        assembly = assemble(read_settings(arguments))
        _warn(assembly)
        return asyncio.run(_serve(assembly, quiet=arguments.quiet))
    except EmulatorError as error:
        say(f"azure-imds-facts emulate: {error}")
        return error.exit_code


def say(message: str) -> None:
    """Write one line to standard error."""
    print(message, file=sys.stderr, flush=True)


def read_settings(arguments: argparse.Namespace) -> Settings:
    """Turn flags into settings.

    Raises:
        EmulatorError: a flag or the file that it names is wrong.
    """
    versions = arguments.versions
    return Settings(
        cloud=arguments.cloud,
        vms=tuple(arguments.vm or ("linux",)),
        document=None if arguments.document is None else read_document(arguments.document, raw=arguments.raw),
        document_name=arguments.document or "document",
        raw=arguments.raw,
        changes=tuple(_split(text, "--set", "PATH=VALUE") for text in arguments.set),
        tags=tuple(_split(text, "--tag", "NAME=VALUE") for text in arguments.tag),
        versions=None if versions is None else tuple(versions.split(",")),
        era=arguments.era,
        bind=arguments.bind,
        port=arguments.port,
        allow_remote=arguments.allow_remote,
        rate_limit=arguments.rate_limit,
        retry_after=arguments.retry_after,
        faults=tuple(split_fault(text) for text in arguments.fault),
    )


def read_document(name: str, *, raw: bool) -> object:
    """Read a document from a file: its bytes where it is served raw, else what its JSON says.

    Raises:
        EmulatorError: the file cannot be read, or is not JSON; names the line and column.
    """
    try:
        body = Path(name).read_bytes()
        return body if raw else json.loads(body.decode("utf-8-sig"))
    except OSError as error:
        raise EmulatorError(f"{name}: {(error.strerror or 'cannot be read').lower()}") from error
    except json.JSONDecodeError as error:
        place = f"{name}:{error.lineno}:{error.colno}"
        raise EmulatorError(f"{place}: not JSON ({error.msg}); --raw serves anything as it is") from error
    except UnicodeDecodeError as error:
        raise EmulatorError(
            f"{name}: not UTF-8 at byte {error.start}; --raw serves anything as it is"
        ) from error


def split_fault(text: str) -> tuple[str, str]:
    """Split `/path=script`; a script without a path is for all."""
    if not text.startswith("/"):
        return "/", text
    path, _, script = text.partition("=")
    return path, script


def _split(text: str, flag: str, form: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise EmulatorError(f"{flag} {text!r}: expected {form}")
    return name, value


def _warn(assembly: Assembly) -> None:
    settings = assembly.settings
    if settings.allow_remote:
        say(f"warning: {settings.bind} hands out metadata and tokens to whoever can reach it")
    if settings.document is not None and not isinstance(assembly.machine, RawMachine):
        unknown = unknown_fields(settings.document)
        if unknown:
            say(
                f"warning: {settings.document_name}: no api-version has {choices(unknown)}; --raw serves them"
            )


async def _serve(assembly: Assembly, *, quiet: bool) -> int:
    from .server import Server  # the one part that needs the extra

    listener = bind_socket(assembly.settings.bind, assembly.settings.port)
    server = Server(assembly, log=None if quiet else say)
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    await server.start(listener)
    print(spell_url(listener), flush=True)
    await ended.wait()
    await server.stop()
    return 0
