# SPDX-License-Identifier: Apache-2.0
"""A fleet: the VMs that groups describe, what answers at the address of each, and changes to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from azure_imds_facts.emulator.assembly import assemble_machine, build_authority, build_machine
from azure_imds_facts.emulator.errors import EmulatorError, check_choice
from azure_imds_facts.emulator.http.listener import format_url
from azure_imds_facts.emulator.settings.checks import check_settings
from azure_imds_facts.emulator.vm.machine import ProjectedMachine

from .changes import change_vms, describe_vms
from .listeners import BY_ADDRESS, WAYS, open_listeners
from .names import check_fleet_profile
from .plans import plan_disks, plan_group, plan_network
from .vm import FleetVm

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

    from azure_imds_facts.emulator.http.service import Address, Service
    from azure_imds_facts.emulator.settings.table import Settings

    from .groups import Group
    from .plans import VmPlan

__all__ = ["Fleet"]

_SCALE_SET = "vmss"


class Fleet:
    """VMs by their names. Settings are those that all have in common; one authority signs for all.

    What VMs have in common exists once: a VM is a few fields of its own on the document of its group.

    Raises:
        EmulatorError: a setting is invalid, or two VMs have the same name.
    """

    def __init__(self, settings: Settings, groups: Iterable[Group], *, by: str = BY_ADDRESS) -> None:
        check_choice("way of a fleet", by, WAYS)
        check_settings(settings)
        self._settings = settings
        self._by = by
        self._services: dict[Address, Service] = {}
        self.vms: dict[str, FleetVm] = {}
        prepared = [_prepare(settings, group) for group in groups]
        if not prepared:
            raise EmulatorError("a fleet of no VMs; allowed: numbers of VMs, and groups")
        self.authority = build_authority(settings, prepared[0].template)
        for group in prepared:
            for vm in self._build_vms(group):
                if vm.name in self.vms:
                    raise EmulatorError(f"two VMs are called {vm.name!r}; give their groups other names")
                self.vms[vm.name] = vm

    @property
    def control(self) -> str:
        """The path of the control socket, empty for none."""
        return self._settings.control

    @property
    def allow_hosts(self) -> Sequence[str]:
        """The names that a request's `Host` may have besides addresses."""
        return self._settings.allow_hosts

    def open_listeners(self) -> list[socket.socket]:
        """Open the listening sockets, and give each VM its URL.

        Raises:
            EmulatorError: an address or a port is in use, or this process may not open so many files.
        """
        settings = self._settings
        listeners = open_listeners(len(self.vms), by=self._by, bind=settings.bind, port=settings.port)
        for vm, listener in zip(self.vms.values(), listeners):
            vm.url = format_url(listener)
            host, port = listener.getsockname()[:2]
            self._services[host, port] = vm.service
        self.authority.serve_at(next(iter(self.vms.values())).url)
        return listeners

    def find_service(self, address: Address) -> Service:
        """Return what answers at the address of a VM."""
        return self._services[address]

    def describe_state(self) -> dict[str, Any]:
        """Return a row for each VM."""
        return describe_vms(self.vms.values())

    def apply_changes(self, changes: object) -> dict[str, Any]:
        """Change VMs; return their rows. Raises EmulatorError."""
        return change_vms(self.vms.values(), changes)

    def _build_vms(self, group: _PreparedGroup) -> Iterator[FleetVm]:
        for plan in plan_group(group.spread):
            changes = _list_changes(plan, group.template, index=len(self.vms))
            machine = group.template.derive(changes, plan.tags)
            yield FleetVm(plan.name, assemble_machine(group.settings, machine, self.authority))


@dataclass(frozen=True)
class _PreparedGroup:
    """A group with its settings, and the machine that its VMs are made from."""

    spread: Group
    settings: Settings
    template: ProjectedMachine


def _prepare(settings: Settings, group: Group) -> _PreparedGroup:
    """Apply to the settings of a fleet what a group says of all of its VMs."""
    if group.vms or group.scale_set:
        # The profile of scale sets makes the ids of instances.
        profiles = (*(group.vms or settings.vms), *((_SCALE_SET,) if group.scale_set else ()))
        settings = replace(settings, vms=tuple(dict.fromkeys(profiles)))
    if settings.cloud == "stack":  # documented: it has no zones
        group = replace(group, zones=())
    return _PreparedGroup(group, settings, _build_template(settings))


def _build_template(settings: Settings) -> ProjectedMachine:
    """Build the machine that a group's VMs are made from."""
    for profile in settings.vms:
        check_fleet_profile(profile)
    template = build_machine(settings)
    if not isinstance(template, ProjectedMachine) or not template.compute:
        raise EmulatorError("a fleet takes a document with a compute section, and not --raw")
    return template


def _list_changes(plan: VmPlan, template: ProjectedMachine, *, index: int) -> Iterator[tuple[str, object]]:
    """Yield the fields of a VM that follow from its name, its place in the fleet and its template, and its own."""
    compute = template.compute
    yield from plan_disks(compute.get("storageProfile"), plan.name)
    yield from plan_network(index, template.interfaces)
    yield from plan.changes
    own = dict(plan.changes)
    location, zone = own.get("compute.location", compute.get("location", "")), own["compute.zone"]
    yield "compute.physicalZone", f"{location}-az{zone}" if zone else ""
