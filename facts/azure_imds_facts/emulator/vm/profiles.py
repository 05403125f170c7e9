# SPDX-License-Identifier: Apache-2.0
"""The example machines: a Linux machine as Azure describes it, and what makes the other kinds differ from it."""

from __future__ import annotations

import functools
import json
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from azure_imds_facts.emulator.errors import EmulatorError, choices

from .tags import write_tags

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .clouds import Cloud

__all__ = ["CLASSIC_LACKS", "VMS", "build_document", "find_vm", "hide_public_addresses"]

_BASE = Path(__file__).with_name("machine.json")
Document = dict[str, Any]

# A classic machine has network and attested data only (documented); that this leaves scheduled events is assumed.
CLASSIC_LACKS = frozenset({"identity", "loadbalancer"})


@functools.cache
def _read_base() -> str:
    return _BASE.read_text(encoding="utf-8")


def build_document(*, cloud: Cloud, vms: Iterable[str] = ("linux",)) -> Document:
    """Build the complete document of an example machine: the kinds are laid over each other in their order.

    Raises:
        EmulatorError: nobody knows a kind by that name.
    """
    document: Document = json.loads(_read_base())
    _move(document, cloud)
    for name in vms:
        VMS[find_vm(name)](document)
    return document


def find_vm(name: str) -> str:
    """Return the name of a kind of machine.

    Raises:
        EmulatorError: there is none by that name.
    """
    if name not in VMS:
        raise EmulatorError(f"unknown machine {name!r}; allowed: {choices(VMS)}")
    return name


def hide_public_addresses(document: Document) -> None:
    """Empty `publicIpAddress`, as it is behind a Standard load balancer (recorded)."""
    for nic in document["network"]["interface"]:
        for address in nic["ipv4"]["ipAddress"]:
            address["publicIpAddress"] = ""


def _move(document: Document, cloud: Cloud) -> None:
    compute = document["compute"]
    compute["azEnvironment"] = cloud.az_environment
    compute["location"] = cloud.region
    compute["physicalZone"] = f"{cloud.region}-az1"
    if cloud.name == "stack":  # documented: no zones there, and "" where a boolean is expected
        compute.update(zone="", isHostCompatibilityLayerVm="")
        compute["securityProfile"] = {"secureBootEnabled": "", "virtualTpmEnabled": ""}
        compute["storageProfile"]["resourceDisk"]["size"] = ""


def _linux(document: Document) -> None:
    """The base is one."""


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
    interfaces[2]["ipv4"]["ipAddress"] = []  # recorded: a secondary interface may have no address at all


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
    write_tags(compute, [("env", "demo"), ("role", "files")])


VMS: dict[str, Callable[[Document], None]] = {
    "linux": _linux,
    "windows": _windows,
    "vmss": _vmss,
    "spot": _spot,
    "multi-nic": _multi_nic,
    "dual-stack": _dual_stack,
    "trusted-launch": _trusted_launch,
    "classic": _classic,
}
