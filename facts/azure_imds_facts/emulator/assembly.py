# SPDX-License-Identifier: Apache-2.0
"""Put the parts of an emulator together as its settings say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .endpoints.attested import AttestedEndpoint
from .endpoints.authority import Authority
from .endpoints.endpoint import Endpoint, VersionGate
from .endpoints.identity import IdentityInfoEndpoint, TokenEndpoint
from .endpoints.instance import InstanceEndpoint, VersionsEndpoint
from .endpoints.loadbalancer import LoadBalancerEndpoint, build_load_balancer
from .endpoints.router import Service
from .endpoints.scheduledevents import ScheduledEventsEndpoint
from .http.faults import Faults
from .http.limits import Limits
from .settings.table import Settings, build_machine, check_settings, known_versions
from .vm.clouds import Cloud, find_cloud
from .vm.event_plans import add_event
from .vm.events import Events
from .vm.identities import Identity, make_identities
from .vm.profiles import CLASSIC_LACKS

if TYPE_CHECKING:
    from .vm.machine import Machine

__all__ = ["Assembly", "assemble"]


@dataclass(frozen=True)
class Assembly:
    """The parts that a running emulator hands out: what answers, and what can be changed meanwhile."""

    settings: Settings
    machine: Machine
    service: Service
    limits: Limits
    faults: Faults
    events: Events
    authority: Authority
    identities: tuple[Identity, ...]

    @property
    def machine_name(self) -> str:
        """What events call the machine."""
        return str(self.machine.compute.get("name") or "machine")


def assemble(settings: Settings) -> Assembly:
    """Build what settings describe, without a socket.

    Raises:
        EmulatorError: a setting cannot be followed.
    """
    check_settings(settings)
    machine = build_machine(settings)
    cloud = find_cloud(settings.cloud)
    region = str(machine.compute.get("location") or cloud.region).lower()
    authority = Authority(common_name=cloud.attested_domain, host=f"{region}.{cloud.attested_domain}")
    events = Events(scale=settings.event_clock, first_call_delay_s=settings.events_delay)
    identities = _identify(settings, machine)
    gate = VersionGate(cloud=cloud, versions=known_versions(settings), era=settings.era)
    endpoints = _endpoints(
        settings, machine=machine, gate=gate, authority=authority, identities=identities, events=events
    )
    assembly = Assembly(
        settings=settings,
        machine=machine,
        service=Service(gate, _offered(cloud, settings.vms, endpoints)),
        limits=Limits(settings.quota),
        faults=Faults(),
        events=events,
        authority=authority,
        identities=identities,
    )
    _prepare(assembly)
    return assembly


def _identify(settings: Settings, machine: Machine) -> tuple[Identity, ...]:
    compute = machine.compute
    made = make_identities(
        settings.identities,
        machine_id=str(compute.get("vmId")),
        subscription_id=str(compute.get("subscriptionId")),
        group=str(compute.get("resourceGroupName")),
    )
    return tuple(made)


def _endpoints(
    settings: Settings,
    *,
    machine: Machine,
    gate: VersionGate,
    authority: Authority,
    identities: tuple[Identity, ...],
    events: Events,
) -> dict[str, Endpoint]:
    return {
        "metadata/instance": InstanceEndpoint(machine, gate),
        "metadata/versions": VersionsEndpoint(gate.versions),
        "metadata/loadbalancer": LoadBalancerEndpoint(
            build_load_balancer(settings.load_balancer, machine.document), gate
        ),
        "metadata/attested/document": AttestedEndpoint(machine, gate, authority),
        "metadata/scheduledevents": ScheduledEventsEndpoint(events, gate),
        "metadata/identity/info": IdentityInfoEndpoint(tenant_id=settings.tenant_id, gate=gate),
        "metadata/identity/oauth2/token": TokenEndpoint(
            identities=identities,
            tenant_id=settings.tenant_id,
            gate=gate,
            authority=authority,
            lifetime_s=int(settings.token_lifetime),
        ),
    }


def _offered(cloud: Cloud, vms: tuple[str, ...], endpoints: dict[str, Endpoint]) -> dict[tuple[str, ...], Endpoint]:
    """Leave out what the cloud does not have, or the machine."""
    missing = CLASSIC_LACKS if "classic" in vms else frozenset()
    split = {tuple(path.split("/")): endpoint for path, endpoint in endpoints.items()}
    return {steps: endpoint for steps, endpoint in split.items() if steps[1] in cloud.endpoints - missing}


def _prepare(assembly: Assembly) -> None:
    for path, script in assembly.settings.faults:
        assembly.faults.set(script, path=path)
    for planned in assembly.settings.events:
        add_event(assembly.events, planned, machine=assembly.machine_name)
