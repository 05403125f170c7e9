# SPDX-License-Identifier: Apache-2.0
"""What Ansible and Salt need to know of a fleet: an inventory, a roster, and the settings of minions."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from azure_imds_facts.emulator.errors import EmulatorError, format_os_error

if TYPE_CHECKING:
    from .vm import FleetVm

__all__ = ["GROUP", "build_inventory", "build_minion_settings", "build_roster", "format_json", "write_minions"]

# The inventory's group of all VMs.
GROUP = "emulated_fleet"
# `env` gives the modules of a host its settings, as a login there would. Whatever module asks IMDS meets its own VM.
_INTERPRETER = (
    "/usr/bin/env AZURE_IMDS_ENDPOINT={{ imds_endpoint }} AZURE_IMDS_CACHE_DIR={{ imds_cache_dir }}"
    " {{ ansible_playbook_python }}"
)


def build_inventory(vms: Collection[FleetVm], cache_dir: str) -> dict[str, Any]:
    """Return an Ansible inventory: a host for each VM, by a local connection.

    `cache_dir`: a folder in which each VM has one of its own, so that facts of emulated VMs get into no other cache.
    """
    hosts = {vm.name: {"imds_endpoint": vm.url, "imds_cache_dir": f"{cache_dir}/{vm.name}"} for vm in vms}
    variables = {"ansible_connection": "local", "ansible_python_interpreter": _INTERPRETER}
    return {GROUP: {"hosts": hosts, "vars": variables}}


def build_roster(vms: Collection[FleetVm], cache_dir: str) -> dict[str, Any]:
    """Return a roster of salt-ssh: each VM at its own address, where an sshd that listens on all of them answers."""
    return {vm.name: {"host": vm.host, "minion_opts": {"azure_imds": _build_settings(vm, cache_dir)}} for vm in vms}


def build_minion_settings(vms: Collection[FleetVm], cache_dir: str) -> dict[str, dict[str, Any]]:
    """Return name → the settings of a minion on that VM."""
    return {vm.name: {"id": vm.name, "azure_imds": _build_settings(vm, cache_dir)} for vm in vms}


def _build_settings(vm: FleetVm, cache_dir: str) -> dict[str, Any]:
    return {"endpoint": vm.url, "cache_dir": f"{cache_dir}/{vm.name}"}


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
