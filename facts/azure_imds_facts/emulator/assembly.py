# SPDX-License-Identifier: Apache-2.0
"""Put the parts of an emulator together as its settings say."""

from __future__ import annotations

from dataclasses import dataclass

from .clouds import find_cloud
from .endpoint import Endpoint, VersionGate
from .faults import Faults
from .instance import InstanceEndpoint, VersionsEndpoint
from .limits import Limits
from .machine import Machine
from .service import Service
from .settings import Settings, build_machine, check_settings, known_versions

__all__ = ["Assembly", "assemble"]


@dataclass(frozen=True)
class Assembly:
    """The parts that a running emulator hands out: what answers, and what can be changed meanwhile."""

    settings: Settings
    machine: Machine
    service: Service
    limits: Limits
    faults: Faults


def assemble(settings: Settings) -> Assembly:
    """Build what settings describe, without a socket.

    Raises:
        EmulatorError: a setting cannot be followed.
    """
    check_settings(settings)
    machine = build_machine(settings)
    cloud = find_cloud(settings.cloud)
    gate = VersionGate(cloud=cloud, versions=known_versions(settings), era=settings.era)
    endpoints: dict[tuple[str, ...], Endpoint] = {
        ("metadata", "instance"): InstanceEndpoint(machine, gate),
        ("metadata", "versions"): VersionsEndpoint(gate.versions),
    }
    offered = {path: endpoint for path, endpoint in endpoints.items() if path[1] in cloud.endpoints}
    faults = Faults()
    for path, script in settings.faults:
        faults.set(script, path=path)
    return Assembly(
        settings=settings,
        machine=machine,
        service=Service(gate, offered),
        limits=Limits(settings.quota),
        faults=faults,
    )
