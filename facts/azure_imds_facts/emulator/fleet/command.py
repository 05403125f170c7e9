# SPDX-License-Identifier: Apache-2.0
"""The command `emulate --fleet`: what it builds from its flags, and what it writes and prints."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from azure_imds_facts.emulator.errors import EmulatorError, format_os_error
from azure_imds_facts.emulator.settings.flags import read_flags

from .fleet import Fleet
from .folder import FleetFolder
from .inventories import build_inventory, build_minion_settings, build_roster, format_json, write_minions
from .listeners import BY_ADDRESS
from .reading import build_plain_group, is_number, read_groups

if TYPE_CHECKING:
    import argparse

__all__ = ["build_fleet", "check_flags", "write_files"]

# Flags that say something of a fleet alone.
_OWN = ("fleet_by", "inventory", "roster", "minions")
_STANDARD_OUTPUT = "-"


def check_flags(arguments: argparse.Namespace) -> None:
    """Reject flags that exclude each other.

    Raises:
        EmulatorError: names the flags, and what to do instead.
    """
    given = [f"--{name.replace('_', '-')}" for name in _OWN if getattr(arguments, name)]
    if not arguments.fleet and given:
        raise EmulatorError(f"{given[0]} needs --fleet, the VMs that it is about")
    if arguments.fleet and arguments.child:
        raise EmulatorError("a command has one machine; omit --fleet, or serve the fleet beside it with --inventory")
    if arguments.fleet and arguments.scenario and not is_number(arguments.fleet):
        raise EmulatorError(f"--fleet {arguments.fleet} is a scenario itself; omit --scenario, or give a number of VMs")


def build_fleet(arguments: argparse.Namespace) -> Fleet:
    """Build the fleet that flags and files describe.

    Raises:
        EmulatorError: one of them is invalid.
    """
    name = arguments.fleet
    # A number of more digits is too large as well.
    groups = (build_plain_group(int(name[:9])),) if is_number(name) else read_groups(name)
    return Fleet(read_flags(arguments), groups, by=arguments.fleet_by or BY_ADDRESS)


@contextmanager
def write_files(fleet: Fleet, arguments: argparse.Namespace) -> Iterator[str]:
    """Write what flags ask for, and yield the answer for standard output: the inventory, or each VM's name and URL.

    The folder of the VMs' caches and interpreters is there until the end.

    Raises:
        EmulatorError: a file cannot be written.
    """
    vms = fleet.vms.values()
    folder = FleetFolder()
    try:
        inventory = format_json(build_inventory(vms, folder)) if arguments.inventory else ""
        if arguments.inventory and arguments.inventory != _STANDARD_OUTPUT:
            _write("--inventory", arguments.inventory, inventory)
        if arguments.roster:
            _write("--roster", arguments.roster, format_json(build_roster(vms, folder)))
        if arguments.minions:
            write_minions(arguments.minions, build_minion_settings(vms, folder))
        printed = inventory if arguments.inventory == _STANDARD_OUTPUT else ""
        yield printed or "\n".join(f"{vm.name} {vm.url}" for vm in vms)
    finally:
        folder.remove()


def _write(flag: str, name: str, content: str) -> None:
    try:
        Path(name).write_text(content + "\n", encoding="utf-8")
    except OSError as error:
        raise EmulatorError(f"{flag} {name}: {format_os_error(error)}") from error
