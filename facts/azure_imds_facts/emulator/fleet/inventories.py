# SPDX-License-Identifier: Apache-2.0
"""What Ansible and Salt need to know of a fleet: an inventory, a roster, and the settings of minions."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from azure_imds_facts.emulator.errors import EmulatorError, format_os_error

from .folder import INTERPRETER

if TYPE_CHECKING:
    from .folder import FleetFolder
    from .vm import FleetVm

__all__ = ["GROUP", "build_inventory", "build_minion_settings", "build_roster", "format_json", "write_minions"]

# The inventory's group of all VMs.
GROUP = "emulated_fleet"


def build_inventory(vms: Collection[FleetVm], folder: FleetFolder) -> dict[str, Any]:
    """Return an Ansible inventory: a host for each VM, by a local connection.

    Whatever module asks IMDS meets its own host's VM, by the interpreters that this writes into the folder.

    Raises:
        EmulatorError: the folder cannot be written.
    """
    folder.write_interpreters(vms)
    variables = {"ansible_connection": "local", "ansible_python_interpreter": f"{folder.path}/{INTERPRETER}"}
    return {GROUP: {"hosts": {vm.name: {"imds_endpoint": vm.url} for vm in vms}, "vars": variables}}


def build_roster(vms: Collection[FleetVm], folder: FleetFolder) -> dict[str, Any]:
    """Return a roster of salt-ssh: each VM at its own address, where an sshd that listens on all of them answers."""
    return {vm.name: {"host": vm.host, "minion_opts": {"azure_imds": _build_settings(vm, folder)}} for vm in vms}


def build_minion_settings(vms: Collection[FleetVm], folder: FleetFolder) -> dict[str, dict[str, Any]]:
    """Return name → the settings of a minion on that VM."""
    return {vm.name: {"id": vm.name, "azure_imds": _build_settings(vm, folder)} for vm in vms}


def _build_settings(vm: FleetVm, folder: FleetFolder) -> dict[str, Any]:
    return {"endpoint": vm.url, "cache_dir": folder.build_cache_dir(vm)}


def format_json(content: object) -> str:
    """Return JSON that is YAML as well."""
    return json.dumps(content, indent=1, ensure_ascii=False)


def write_minions(directory: str, settings: dict[str, dict[str, Any]]) -> None:
    """Write a file for each minion, `NAME.conf`, for its folder `minion.d`.

    Raises:
        EmulatorError: the directory cannot be written.
    """
    try:
        Path(directory).mkdir(parents=True, exist_ok=True)
        for name, content in settings.items():
            (Path(directory) / f"{name}.conf").write_text(format_json(content) + "\n", encoding="utf-8")
    except OSError as error:
        raise EmulatorError(f"--minions {directory}: {format_os_error(error)}") from error
