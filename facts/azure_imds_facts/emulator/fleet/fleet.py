# SPDX-License-Identifier: Apache-2.0
"""A fleet: the VMs that groups describe, what answers at the address of each, and changes to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from azure_imds_facts.emulator.assembly import assemble_machine, build_authority, build_machine
from azure_imds_facts.emulator.errors import EmulatorError, check_choice, format_choices
from azure_imds_facts.emulator.http.listener import format_url
from azure_imds_facts.emulator.settings.checks import check_settings
from azure_imds_facts.emulator.vm.machine import ProjectedMachine
from azure_imds_facts.emulator.vm.profiles import PROFILES, find_platform

from .changes import change_vms, describe_vms
from .listeners import BY_ADDRESS, WAYS, open_listeners
from .plans import plan_disks, plan_group, plan_network
from .vm import FleetVm

if TYPE_CHECKING:
    import socket

    from azure_imds_facts.emulator.endpoints.authority import Authority
    from azure_imds_facts.emulator.http.service import Address, Service
    from azure_imds_facts.emulator.settings.table import Settings

    from .groups import Group
    from .plans import VmPlan

__all__ = ["Fleet"]

# Profiles without what a fleet spreads, and the reason.
_EXCLUDED = {"classic": "it has no compute section", "arc": "it is in no zone and no fault domain"}
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
        self._authority: Authority | None = None
        self._services: dict[Address, Service] = {}
        self.vms: dict[str, FleetVm] = {}
        for group in groups:
            for vm in self._build_vms(group):
                if vm.name in self.vms:
                    raise EmulatorError(f"two VMs are called {vm.name!r}; give their groups other names")
                self.vms[vm.name] = vm

    @property
    def control(self) -> str:
        """The path of the control socket, empty for none."""
        return self._settings.control

    @property
    def authority(self) -> Authority:
        """What signs for all VMs."""
        assert self._authority is not None, "a fleet has at least one group"  # noqa: S101
        return self._authority

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

    def _build_vms(self, group: Group) -> Iterator[FleetVm]:
        settings = self._settings
        if group.vms or group.scale_set:
            # A group's own profiles on top: the vmss profile makes the ids of instances.
            profiles = (*(group.vms or settings.vms), *((_SCALE_SET,) if group.scale_set else ()))
            settings = replace(settings, vms=tuple(dict.fromkeys(profiles)))
        if settings.cloud == "stack":  # documented: it has no zones
            group = replace(group, zones=())
        template = _build_template(settings)
        self._authority = self._authority or build_authority(settings, template)
        for plan in plan_group(group):
            machine = template.derive(_list_changes(plan, template, index=len(self.vms)), plan.tags)
            yield FleetVm(plan.name, assemble_machine(settings, machine, self._authority))


def _build_template(settings: Settings) -> ProjectedMachine:
    """Build the machine that a group's VMs are made from."""
    find_platform(settings.vms)
    for profile, reason in _EXCLUDED.items():
        if profile in settings.vms:
            allowed = format_choices(name for name in PROFILES if name not in _EXCLUDED)
            raise EmulatorError(f"a fleet of machine {profile!r}: {reason}; allowed: {allowed}")
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
