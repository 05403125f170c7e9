# SPDX-License-Identifier: Apache-2.0
"""The command line: `azure-imds-facts COMMAND`. Standard output carries the answer and nothing else.

A boot and a login wait for this program, so it imports the command that was named and no other.
"""

from __future__ import annotations

import argparse
import os
import sys
from importlib import import_module

from azure_imds_facts.commands.streams import print_message, repair_streams, silence
from azure_imds_facts.core.errors import ImdsError, UsageError
from azure_imds_facts.core.reporter import mask_credentials
from azure_imds_facts.core.versions import VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType
    from typing import NoReturn

PROGRAM = "azure-imds-facts"

# Command → (module with `add_arguments` and `run`, what it does).
COMMANDS = {
    "facts": ("azure_imds_facts.commands.facts", "print this machine's facts for programs"),
    "show": ("azure_imds_facts.commands.show", "show this machine on one screen, for people"),
    "get": ("azure_imds_facts.commands.get", "print IMDS's raw answer for one path"),
    "local-facts": (
        "azure_imds_facts.commands.local_facts",
        "write the file that Ansible reads as ansible_local.azure_imds",
    ),
    "events": (
        "azure_imds_facts.commands.events",
        "print planned maintenance before it happens, and approve it",
    ),
    "attest": ("azure_imds_facts.commands.attest", "fetch the document that IMDS signs about this VM"),
    "enrol": ("azure_imds_facts.commands.enrol", "send a Salt minion's key to its master, with a proof"),
    "verify": ("azure_imds_facts.commands.verify", "verify a signed document, on any machine"),
    "doctor": ("azure_imds_facts.commands.doctor", "say why there are no facts, and what to do"),
    "emulate": ("azure_imds_facts.emulator.command", "run an IMDS on this machine, for tests and demonstrations"),
    "export": ("azure_imds_facts.commands.export", "print or write files that other tools need"),
    "completion": ("azure_imds_facts.commands.completion", "print the completion for a shell"),
}
# Commands that this copy of the program does not have → how to get them. The single file fills it.
ELSEWHERE: dict[str, str] = {}
_VERBOSE = ("-v", "--verbose")
_EPILOGUE = """\
Every command has its own --help. Exit codes: 0 ok, 2 usage, 3 not an Azure VM, 4 unreachable, 5 throttled,
6 unavailable, 7 rejected, 8 invalid.
"""


class _Parser(argparse.ArgumentParser):
    """A parser that repeats no credentials of a URL which it cannot place."""

    def error(self, message: str) -> NoReturn:
        """Print a message and end the process."""
        super().error(mask_credentials(message) if "//" in message else message)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code: 0, or that of the outcome."""
    repair_streams()
    arguments = list(sys.argv[1:] if argv is None else argv)
    while len(arguments) > 1 and arguments[0] in _VERBOSE:
        first, command, *rest = arguments
        arguments = [command, *rest] if command in _VERBOSE else [command, first, *rest]
    try:
        if arguments and arguments[0] in COMMANDS:
            return _run(arguments[0], arguments[1:])
        if arguments and arguments[0] in ELSEWHERE:
            raise UsageError(f"This copy of the program has no {arguments[0]}.", hint=ELSEWHERE[arguments[0]])
        _build_overview().parse_args(arguments)
    except ImdsError as error:
        print_message(f"{PROGRAM}: {error.outcome}: {error}")
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        silence(1)  # the reader of the output has gone
        return 141
    return 2


def _run(command: str, arguments: list[str]) -> int:
    parser = _Parser(prog=f"{PROGRAM} {command}", formatter_class=_make_formatter, allow_abbrev=False)
    module = fill_parser(parser, command)
    code: int = module.run(parser.parse_args(arguments))
    return code


def fill_parser(parser: argparse.ArgumentParser, command: str) -> ModuleType:
    """Give a parser what a command takes; return the command's module. Raises UsageError where it lacks a package."""
    try:
        module = import_module(COMMANDS[command][0])
    except ModuleNotFoundError as error:
        if command != "emulate" or (error.name or "").startswith("azure_imds_facts"):
            raise
        raise UsageError(
            f"The emulator needs the Python package {error.name}.",
            hint="Install it with: pip install 'azure-imds-facts[emulator]'",
        ) from None
    parser.description = module.__doc__
    module.add_arguments(parser)
    return module


def _make_formatter(prog: str) -> argparse.HelpFormatter:
    """Return a formatter that knows the width: argparse would import shutil for it, for every flag that is added."""
    try:
        width = os.get_terminal_size(1).columns - 2
    except OSError:
        width = 100
    return argparse.RawDescriptionHelpFormatter(prog, width=max(width, 40))


def _build_overview() -> argparse.ArgumentParser:
    """Return the parser for everything but commands: --help, --version, and unknown words."""
    width = max(map(len, COMMANDS)) + 2
    listed = "\n".join(f"  {name:<{width}}{summary}" for name, (_module, summary) in COMMANDS.items())
    parser = _Parser(
        prog=PROGRAM,
        usage=f"{PROGRAM} [-v] COMMAND [options]",
        description=f"Azure instance metadata (IMDS) as facts for Ansible and Salt.\n\ncommands:\n{listed}",
        epilog=_EPILOGUE,
        formatter_class=_make_formatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {VERSION}")
    parser.add_argument("-v", "--verbose", action="store_true", help="print every request (on standard error)")
    parser.add_argument("command", choices=list(COMMANDS), metavar="COMMAND", help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    sys.exit(main())
