# SPDX-License-Identifier: Apache-2.0
"""Changes to the VMs of a running fleet, and its state, as JSON objects of the control socket."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from azure_imds_facts.emulator.control.changes import CHANGES, change_machine, describe_state
from azure_imds_facts.emulator.errors import EmulatorError, check_choice

from .selection import SELECTORS, select

if TYPE_CHECKING:
    from .vm import FleetVm

__all__ = ["change_vms", "describe_vms"]


def change_vms(vms: Collection[FleetVm], changes: object) -> dict[str, Any]:
    """Apply changes to the VMs that a selector finds, and return what these are now; of a single one its whole state.

    Shape: `{"vm": "web-*", "where": {"compute.zone": "1", "tags.env": "prod"}, …}` with at least one of the two, and
    besides what changes a single machine.

    Raises:
        EmulatorError: there is no selector, no VM matches, or a change is invalid; those before it are applied.
    """
    if not isinstance(changes, Mapping) or not changes.keys() & set(SELECTORS):
        raise EmulatorError("expected an object that says by vm or where which VMs change; all are {'vm': '*'}")
    selectors = {name: changes[name] for name in SELECTORS if name in changes}
    changing = {name: value for name, value in changes.items() if name not in SELECTORS}
    for name in changing:
        check_choice("change", name, (*SELECTORS, *CHANGES))
    found = select(vms, **selectors)
    for vm in found:
        change_machine(vm.assembly, changing)
    return describe_vms(found)


def describe_vms(vms: Iterable[FleetVm]) -> dict[str, Any]:
    """Return a row for each VM, and the state of a single one."""
    listed = list(vms)
    rows: dict[str, Any] = {"vms": {vm.name: vm.describe() for vm in listed}}
    return {**rows, "state": describe_state(listed[0].assembly)} if len(listed) == 1 else rows
