# SPDX-License-Identifier: Apache-2.0
"""Profiles of example machines: a Linux machine as Azure describes it, and the differences of the others."""

from __future__ import annotations

import functools
import json
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from azure_imds_facts.emulator.errors import EmulatorError, check_choice

from .tags import set_tags

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from .clouds import Cloud
    from .machine import Machine

__all__ = [
    "ARC_ENDPOINTS",
    "ARC_VERSIONS",
    "CLASSIC_MISSING_ENDPOINTS",
    "PROFILES",
    "build_document",
    "check_profile",
    "clear_public_addresses",
    "find_platform",
    "find_vm_id",
]

# Platform → its example machine.
_BASES = {"vm": "machine.json", "arc": "arc_machine.json"}
Document = dict[str, Any]

# A classic machine has network and attested data only, of the latter `vmId` for certain (documented). That it has
# scheduled events is assumed.
CLASSIC_MISSING_ENDPOINTS = frozenset({"identity", "loadbalancer"})
# What the agent of Azure Arc knows of all that: no list of versions (assumed), no events, load balancer or attested
# document. It has tokens, against a challenge in a file, which is not emulated.
ARC_ENDPOINTS = frozenset({"instance"})
# Seen in use with Azure Arc; that there are no others is assumed.
ARC_VERSIONS = ("2017-08-01", "2019-11-01", "2020-06-01")


@functools.cache
def _read_base(platform: str) -> str:
    return Path(__file__).with_name(_BASES[platform]).read_text(encoding="utf-8")


def build_document(*, cloud: Cloud, profiles: Iterable[str] = ("linux",)) -> Document:
    """Build the complete document of an example machine by applying profiles in their order.

    Raises:
        EmulatorError: a profile is unknown.
    """
    names = tuple(profiles)
    document: Document = json.loads(_read_base(find_platform(names)))
    _apply_cloud(document, cloud)
    for name in names:
        PROFILES[check_profile(name)](document)
    return document


def find_platform(profiles: Collection[str]) -> str:
    """Return whether profiles describe a VM, `vm`, or a machine that Azure Arc manages, `arc`.

    Raises:
        EmulatorError: those of both are mixed.
    """
    if "arc" not in profiles:
        return "vm"
    if set(profiles) != {"arc"}:
        raise EmulatorError("machine 'arc' excludes others; allowed: arc alone, or any of the others")
    return "arc"


def check_profile(name: str) -> str:
    """Return the name of a profile.

    Raises:
        EmulatorError: the profile is unknown.
    """
    check_choice("machine", name, PROFILES)
    return name


def find_vm_id(machine: Machine, profiles: Iterable[str]) -> str:
    """Return the id of a machine; of a classic one, whose document has none, that of the example machine."""
    own = machine.compute.get("vmId")
    if not own and "classic" in profiles:
        own = json.loads(_read_base("vm"))["compute"]["vmId"]
    return str(own or "")


def clear_public_addresses(document: Document) -> None:
    """Clear every `publicIpAddress`, which is empty behind a Standard load balancer (recorded)."""
    for nic in document["network"]["interface"]:
        for address in nic["ipv4"]["ipAddress"]:
            address["publicIpAddress"] = ""


def _apply_cloud(document: Document, cloud: Cloud) -> None:
    compute = document["compute"]
    compute["azEnvironment"] = cloud.az_environment
    compute["location"] = cloud.region
    if "physicalZone" not in compute:  # a machine outside Azure
        return
    compute["physicalZone"] = f"{cloud.region}-az1"
    if cloud.name == "stack":  # documented: no zones, and "" instead of booleans
        compute.update(zone="", isHostCompatibilityLayerVm="")
        compute["securityProfile"] = {"secureBootEnabled": "", "virtualTpmEnabled": ""}
        compute["storageProfile"]["resourceDisk"]["size"] = ""


def _unchanged(document: Document) -> None:
    """Leave the base document unchanged."""


def _windows(document: Document) -> None:
    compute = document["compute"]
    image = {"publisher": "MicrosoftWindowsServer", "offer": "WindowsServer", "sku": "2022-datacenter-g2"}
    compute.update(image, osType="Windows", version="20348.2700.240905", licenseType="Windows_Server", publicKeys=[])
    compute["osProfile"]["disablePasswordAuthentication"] = ""
    storage = compute["storageProfile"]
    storage["imageReference"].update(image, exactVersion="20348.2700.240905")
    storage["osDisk"].update(osType="Windows", diskSizeGB="127")
    _rename(document, "win-01")


def _vmss(document: Document) -> None:
    compute = document["compute"]
    subscription, group = compute["subscriptionId"], compute["resourceGroupName"]
    provider = f"/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Compute"
    compute.update(
        name="web_0",
        vmScaleSetName="web",
        placementGroupId="a3c1e0d4-58b7-4f26-9d0e-71f2b6a8c935",
        platformFaultDomain="2",
        resourceId=f"{provider}/virtualMachineScaleSets/web/virtualMachines/0",
    )
    compute["osProfile"]["computerName"] = "web000000"


def _spot(document: Document) -> None:
    document["compute"].update(priority="Spot", evictionPolicy="Deallocate")


def _multi_nic(document: Document) -> None:
    interfaces = document["network"]["interface"]
    for number in (1, 2):
        nic = deepcopy(interfaces[0])
        nic["macAddress"] = f"000D3A2B5C1{number}"
        nic["ipv4"] = {
            "ipAddress": [{"privateIpAddress": f"10.1.{number}.4", "publicIpAddress": ""}],
            "subnet": [{"address": f"10.1.{number}.0", "prefix": "24"}],
        }
        interfaces.append(nic)
    interfaces[2]["ipv4"]["ipAddress"] = []  # recorded: a secondary interface may have no address


def _dual_stack(document: Document) -> None:
    for number, nic in enumerate(document["network"]["interface"]):
        nic["ipv6"]["ipAddress"] = [{"privateIpAddress": f"fd00:10:1:{number}::4"}]


def _trusted_launch(document: Document) -> None:
    document["compute"]["securityProfile"].update(
        secureBootEnabled="true", virtualTpmEnabled="true", securityType="TrustedLaunch"
    )


def _classic(document: Document) -> None:
    # Documented: a classic machine has only network and attested data.
    document.pop("compute")
    document.pop("extended")


def _rename(document: Document, name: str) -> None:
    compute = document["compute"]
    old = compute["name"]
    compute["resourceId"] = compute["resourceId"].replace(f"/{old}", f"/{name}")
    compute.update(name=name, osProfile=dict(compute["osProfile"], computerName=name))
    set_tags(compute, [("env", "demo"), ("role", "files")])


PROFILES: dict[str, Callable[[Document], None]] = {
    "linux": _unchanged,
    "windows": _windows,
    "vmss": _vmss,
    "spot": _spot,
    "multi-nic": _multi_nic,
    "dual-stack": _dual_stack,
    "trusted-launch": _trusted_launch,
    "classic": _classic,
    "arc": _unchanged,
}
