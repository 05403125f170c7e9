# SPDX-License-Identifier: Apache-2.0
"""The flags of the command `emulate`: those of the table, and those of the command itself."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from azure_imds_facts.emulator.errors import EmulatorError

from .readers import SWITCH
from .scenario import read_scenario
from .setting import APPEND, Setting
from .table import BEHAVIOUR, ENDPOINTS, MACHINE, PROCESS, SETTINGS, Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["add_arguments", "read_flags"]

FLEET = "a fleet"
_USAGE = "%(prog)s [options] [-- COMMAND ...]"
_DESCRIPTION = """\
Serve an Azure Instance Metadata Service (IMDS) on this machine, for tests and demonstrations.
With COMMAND (on Linux), run that where 169.254.169.254 is the emulator.
"""
_EXAMPLES = """\
examples:
  Serve a Spot VM, and ask for its document:
    azure-imds-facts emulate --port 8080 --vm spot --tag env=test
    curl -H Metadata:true 'http://127.0.0.1:8080/metadata/instance?api-version=2021-02-01'

  Run a command at the real address, where IMDS throttles the first two requests:
    azure-imds-facts emulate --fault '429*2' -- azure-imds-facts show

  Serve 1,000 VMs, gather their facts, and let IMDS fail in zone 1:
    azure-imds-facts emulate --fleet 1000 --quiet --control /tmp/fleet --inventory fleet.yml &
    ansible -i fleet.yml emulated_fleet -m azure_imds.facts.azure_imds_facts
    azure-imds-facts emulate --control /tmp/fleet --change '{"where": {"compute.zone": "1"}, "fault": "503*forever"}'

A file describes a fleet in groups, for --fleet FILE:

  rate_limit: 5
  fleet:
    - {count: 600, name: "web-{n:03}", zones: 3, fault_domains: 5, tags: {env: [prod, test], number: "{n}"}}
    - {count: 400, scale_set: {name: "job-{set}", instances: 100}, vm: spot, sizes: [Standard_D2s_v5, Standard_D4s_v5]}

How to use it, and all that it takes: https://azure-imds.github.io/azure-imds-facts/
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of the command."""
    parser.usage, parser.description, parser.epilog = _USAGE, _DESCRIPTION, _EXAMPLES
    groups = {title: parser.add_argument_group(title) for title in (MACHINE, FLEET, BEHAVIOUR, ENDPOINTS, PROCESS)}
    groups[MACHINE].add_argument(
        "--scenario", metavar="FILE", help="YAML file with any of these settings; flags take precedence"
    )
    for row in SETTINGS:
        groups[row.group].add_argument(row.flag, dest=row.name, help=_build_help(row), **_build_action(row))
    _add_fleet(groups[FLEET])
    add = groups[PROCESS].add_argument
    add("--change", metavar="JSON", help="change the emulator at --control, print its state and exit")
    add("--log", metavar="FILE", help="append the request log to FILE (default: standard error; none with COMMAND)")
    add("--quiet", action="store_true", help="no request log")
    add("-v", "--verbose", action="store_true", help="request log on standard error, even with COMMAND")
    parser.add_argument(
        "child",
        nargs=argparse.REMAINDER,
        action=_CommandAction,
        metavar="COMMAND",
        help="command to run at the real address, after --",
    )


class _CommandAction(argparse.Action):
    """Takes the command with all flags of its own, with `--` before it or without."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,  # noqa: ARG002
    ) -> None:
        words = list(values or ())
        if words == ["--"]:
            parser.error("expected a command after --")
        setattr(namespace, self.dest, words[1:] if words[:1] == ["--"] else words)


def _add_fleet(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--fleet", metavar="FLEET", help="serve many VMs: their number, or a scenario file with the key fleet")
    add(
        "--fleet-by",
        metavar="WAY",
        help="address: a loopback address for each VM, from --bind on; port: a port for each (default: address)",
    )
    add(
        "--inventory",
        metavar="FILE",
        nargs="?",
        const="-",
        help="write an Ansible inventory of the fleet; without FILE print it instead of names and URLs",
    )
    add("--roster", metavar="FILE", help="write a roster of the fleet for salt-ssh")
    add("--minions", metavar="DIR", help="write the settings of each VM's Salt minion to DIR/NAME.conf")


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
    is_fleet_file = bool(arguments.fleet) and not arguments.fleet.isdigit()
    file = arguments.fleet if is_fleet_file else arguments.scenario
    values = read_scenario(file, keep_unknown=keep_unknown, is_fleet=is_fleet_file) if file else {}
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
