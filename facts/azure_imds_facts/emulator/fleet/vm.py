# SPDX-License-Identifier: Apache-2.0
"""One VM of a fleet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from azure_imds_facts.emulator.emulated_vm import EmulatedVm
from azure_imds_facts.emulator.vm.tags import get_tags

if TYPE_CHECKING:
    from azure_imds_facts.emulator.assembly import Assembly

__all__ = ["FleetVm"]


class FleetVm(EmulatedVm):
    """A VM with its name, and the URL at which it is served: empty before that.

    `name` stays what it was planned, whatever `compute.name` becomes.
    """

    def __init__(self, name: str, assembly: Assembly) -> None:
        super().__init__(assembly)
        self.name = name
        self.url = ""
        self.service = assembly.build_service(name)

    @property
    def assembly(self) -> Assembly:
        """Its parts."""
        return self._assembly

    @property
    def host(self) -> str:
        """The address at which it is served, without the port."""
        return self.url.rpartition("//")[2].rpartition(":")[0]

    def describe(self) -> dict[str, Any]:
        """Return what tells it from others, as it is now."""
        compute = self._assembly.machine.compute
        return {
            "url": self.url,
            "zone": compute.get("zone", ""),
            "fault_domain": compute.get("platformFaultDomain", ""),
            "size": compute.get("vmSize", ""),
            "tags": dict(get_tags(compute)),
        }
