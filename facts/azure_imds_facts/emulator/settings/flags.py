# SPDX-License-Identifier: Apache-2.0
"""The flags of the command `emulate`: those of the table, and those of the command itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from azure_imds_facts.emulator.errors import EmulatorError

from .readers import SWITCH
from .scenario import read_scenario
from .setting import APPEND, Setting
from .table import BEHAVIOUR, ENDPOINTS, MACHINE, PROCESS, SETTINGS, Settings

if TYPE_CHECKING:
    import argparse

__all__ = ["add_arguments", "read_flags"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of the command."""
    parser.description = (
        "Serve an Azure Instance Metadata Service on this machine, for tests and demonstrations."
        " With a command after --, run it with this emulator at 169.254.169.254."
    )
    groups = {title: parser.add_argument_group(title) for title in (MACHINE, BEHAVIOUR, ENDPOINTS, PROCESS)}
    groups[MACHINE].add_argument(
        "--scenario", metavar="FILE", help="YAML file with any of these settings; flags take precedence"
    )
    for row in SETTINGS:
        groups[row.group].add_argument(row.flag, dest=row.name, help=_build_help(row), **_build_action(row))
    add = groups[PROCESS].add_argument
    add("--change", metavar="JSON", help="change the emulator at --control, print its state and exit")
    add("--log", metavar="FILE", help="request log, one line each (default: standard error; none with a command)")
    add("--quiet", action="store_true", help="no request log")
    add("-v", "--verbose", action="store_true", help="request log on standard error, even with a command")
    parser.add_argument("child", nargs="*", metavar="COMMAND", help="after --: a command to run at the real address")


def _build_help(row: Setting) -> str:
    text = f"{row.help}; can be repeated" if row.repeat else row.help
    return f"{text} (default: {row.default})" if row.default else text


def _build_action(row: Setting) -> dict[str, Any]:
    if row.reader is SWITCH:
        return {"action": "store_true", "default": None}
    return {"metavar": row.metavar, "action": "append" if row.repeat else "store"}


def read_flags(arguments: argparse.Namespace) -> Settings:
    """Merge flags and the scenario file: a flag replaces the file's value or, in part, is appended to it.

    Raises:
        EmulatorError: a flag, or a file that it names, is invalid.
    """
    keep_unknown = bool(arguments.keep_unknown)
    values = read_scenario(arguments.scenario, keep_unknown=keep_unknown) if arguments.scenario else {}
    is_raw = bool(arguments.raw or values.get("raw"))
    for row in SETTINGS:
        given = getattr(arguments, row.name)
        if given is None or (row.reader.is_optional and not given):
            continue
        value = _parse_flag(row, given, raw=is_raw)
        values[row.name] = (*values.get(row.name, ()), *value) if row.repeat == APPEND else value
    if arguments.document:
        values["document_name"] = arguments.document
    return Settings(**values)


def _parse_flag(row: Setting, given: Any, *, raw: bool) -> Any:
    if row.reader is SWITCH:
        return given
    parse = row.choose_reader(raw=raw).parse
    try:
        return tuple(map(parse, given)) if row.repeat else parse(given)
    except EmulatorError as error:
        raise EmulatorError(f"{row.flag}: {error}") from error
