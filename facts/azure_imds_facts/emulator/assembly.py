# SPDX-License-Identifier: Apache-2.0
"""Assembles the parts of an emulator from its settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .endpoints.attested import AttestedEndpoint
from .endpoints.attested_faults import FaultyAuthority
from .endpoints.authority import Authority
from .endpoints.checks import VersionPolicy
from .endpoints.identity import IdentityInfoEndpoint, TokenEndpoint
from .endpoints.instance import InstanceEndpoint, VersionsEndpoint
from .endpoints.issuer import IssuerEndpoint
from .endpoints.loadbalancer import LoadBalancerEndpoint
from .endpoints.proxy_agent import ProxyAgent, parse_agent_plan
from .endpoints.router import Endpoint, Router
from .endpoints.scheduledevents import ScheduledEventsEndpoint
from .http.faults import Faults
from .http.limits import Limits
from .http.service import Service
from .settings.checks import check_settings
from .vm.clouds import Cloud, find_cloud
from .vm.event_plans import schedule_event
from .vm.events import EventSchedule
from .vm.identities import Identity, build_identities
from .vm.load_balancers import build_load_balancer
from .vm.machine import Machine, ProjectedMachine, RawMachine
from .vm.profiles import (
    ARC_ENDPOINTS,
    ARC_VERSIONS,
    CLASSIC_MISSING_ENDPOINTS,
    build_document,
    clear_public_addresses,
    find_platform,
    find_vm_id,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .settings.table import Settings

__all__ = ["Assembly", "assemble", "assemble_machine", "build_authority", "build_machine"]


@dataclass(frozen=True)
class Assembly:
    """The parts of an emulator that serve requests or can be changed at run time."""

    settings: Settings
    platform: str
    machine: Machine
    router: Router
    limits: Limits
    faults: Faults
    agent: ProxyAgent | None
    schedule: EventSchedule
    authority: Authority
    identities: tuple[Identity, ...]

    @property
    def vm_id(self) -> str:
        """The id of the machine as it is now, also of one without a compute section; empty if it has none."""
        return find_vm_id(self.machine, self.settings.vms)

    def build_service(self, vm: str = "") -> Service:
        """Return what answers requests; `vm` names the machine in the request log of a fleet."""
        return Service(self.router.respond, limits=self.limits, faults=self.faults, agent=self.agent, vm=vm)


def assemble(settings: Settings) -> Assembly:
    """Build the parts of an emulator, without a socket.

    Raises:
        EmulatorError: a setting is invalid.
    """
    check_settings(settings)
    machine = build_machine(settings)
    return assemble_machine(settings, machine, build_authority(settings, machine))


def build_authority(settings: Settings, machine: Machine) -> Authority:
    """Build what signs for a machine, and for others of its cloud and region."""
    cloud = find_cloud(settings.cloud)
    region = str(machine.compute.get("location") or cloud.region).lower()
    names = {"common_name": cloud.attested_domain, "region": region}
    fault = settings.attested_fault
    return FaultyAuthority(fault, **names) if fault else Authority(**names)


def assemble_machine(settings: Settings, machine: Machine, authority: Authority) -> Assembly:
    """Build the parts that a machine has of its own.

    Raises:
        EmulatorError: a fault or an event is invalid.
    """
    cloud = find_cloud(settings.cloud)
    schedule = EventSchedule(scale=settings.event_clock, first_call_delay_s=settings.events_delay)
    identities = _build_identities(settings, machine)
    platform = find_platform(settings.vms)
    own = cloud.versions if platform == "vm" else ARC_VERSIONS
    versions = tuple(sorted(own if settings.versions is None else settings.versions))
    policy = VersionPolicy(cloud=cloud, versions=versions, era=settings.era, has_list=platform == "vm")
    endpoints = _build_endpoints(
        settings, machine=machine, policy=policy, authority=authority, identities=identities, schedule=schedule
    )
    assembly = Assembly(
        settings=settings,
        platform=platform,
        machine=machine,
        router=Router(policy, _select_available(cloud, settings.vms, endpoints), IssuerEndpoint(authority)),
        limits=Limits(settings.quota),
        faults=Faults(),
        agent=ProxyAgent(parse_agent_plan(settings.proxy_agent)) if settings.proxy_agent else None,
        schedule=schedule,
        authority=authority,
        identities=identities,
    )
    for path, script in settings.faults:
        assembly.faults.set(script, path=path)
    for plan in settings.events:
        schedule_event(schedule, plan, machine_name=machine.name)
    return assembly


def build_machine(settings: Settings) -> Machine:
    """Build the machine that settings describe.

    Raises:
        EmulatorError: its document, a change or a tag is invalid.
    """
    machine = _build_base_machine(settings)
    for path, value in settings.changes:
        machine.set(path, value)
    for name, value in settings.tags:
        machine.tag(name, value)
    return machine


def _build_base_machine(settings: Settings) -> Machine:
    if settings.raw:
        return RawMachine(settings.document)
    fields: Any = {"platform": find_platform(settings.vms), "keep_unknown": settings.keep_unknown}
    if settings.document is not None:
        return ProjectedMachine(settings.document, source=settings.document_name, **fields)
    document = build_document(cloud=find_cloud(settings.cloud), profiles=settings.vms)
    if settings.load_balancer is not None:
        clear_public_addresses(document)
    return ProjectedMachine(document, **fields)


def _build_identities(settings: Settings, machine: Machine) -> tuple[Identity, ...]:
    compute = machine.compute
    identities = build_identities(
        settings.identities,
        machine_id=str(compute.get("vmId")),
        subscription_id=str(compute.get("subscriptionId")),
        group=str(compute.get("resourceGroupName")),
    )
    return tuple(identities)


def _build_endpoints(
    settings: Settings,
    *,
    machine: Machine,
    policy: VersionPolicy,
    authority: Authority,
    identities: tuple[Identity, ...],
    schedule: EventSchedule,
) -> dict[str, Endpoint]:
    return {
        "metadata/instance": InstanceEndpoint(machine, policy),
        "metadata/versions": VersionsEndpoint(policy.versions),
        "metadata/loadbalancer": LoadBalancerEndpoint(_build_load_balancer(settings, machine), policy),
        "metadata/attested/document": AttestedEndpoint(
            machine, policy, authority, find_vm_id=lambda: find_vm_id(machine, settings.vms)
        ),
        "metadata/scheduledevents": ScheduledEventsEndpoint(schedule, policy),
        "metadata/identity/info": IdentityInfoEndpoint(tenant_id=settings.tenant_id, policy=policy),
        "metadata/identity/oauth2/token": TokenEndpoint(
            identities=identities,
            tenant_id=settings.tenant_id,
            policy=policy,
            authority=authority,
            issuer=policy.cloud.sts_url,
            lifetime_s=int(settings.token_lifetime),
        ),
    }


def _build_load_balancer(settings: Settings, machine: Machine) -> Mapping[str, Any] | None:
    # The copy of a document takes as long as all the rest of a machine.
    return None if settings.load_balancer is None else build_load_balancer(settings.load_balancer, machine.document)


def _select_available(
    cloud: Cloud, profiles: tuple[str, ...], endpoints: dict[str, Endpoint]
) -> dict[tuple[str, ...], Endpoint]:
    """Drop the endpoints that the cloud or the machine lacks, and split the paths into segments."""
    by_segments = {tuple(path.split("/")): endpoint for path, endpoint in endpoints.items()}
    available = {segments[1] for segments in by_segments} if cloud.endpoints is None else cloud.endpoints
    if find_platform(profiles) == "arc":
        available = ARC_ENDPOINTS
    available = available - (CLASSIC_MISSING_ENDPOINTS if "classic" in profiles else frozenset())
    return {segments: endpoint for segments, endpoint in by_segments.items() if segments[1] in available}
