# SPDX-License-Identifier: Apache-2.0
"""Cloud and machine profiles: what makes each of them differ."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from azure_imds_facts.emulator import Emulator, EmulatorError
from azure_imds_facts.emulator.vm.clouds import CLOUDS
from azure_imds_facts.emulator.vm.profiles import PROFILES

from .conftest import ask, instance

Emulate = Callable[..., Emulator]
LAST = {
    "public": "2025-04-07",
    "government": "2024-03-15",
    "china": "2025-04-07",
    "german": "2021-08-01",
    "stack": "2021-05-01",
}


@pytest.mark.parametrize(("cloud", "environment", "region"), [
    ("public", "AzurePublicCloud", "westeurope"),
    ("government", "AzureUSGovernmentCloud", "usgovvirginia"),
    ("china", "AzureChinaCloud", "chinaeast2"),
    ("german", "AzureGermanCloud", "germanycentral"),
    ("stack", "AzureStack", "orlando"),
])  # fmt: skip
def test_clouds(emulate: Emulate, cloud: str, environment: str, region: str) -> None:
    """Each cloud has its name, its regions and its newest version."""
    url = emulate(cloud=cloud).url
    assert ask(url, "/metadata/versions").json["apiVersions"][-1] == LAST[cloud]
    compute = instance(url, version=LAST[cloud]).json["compute"]
    assert (compute["azEnvironment"], compute["location"]) == (environment, region)
    assert region in CLOUDS[cloud].regions


def test_no_region_is_in_two_clouds() -> None:
    """A region tells its cloud."""
    regions = [region for cloud in CLOUDS.values() for region in cloud.regions]
    assert len(regions) == len(set(regions))
    assert all(region == region.lower().strip() for region in regions)


def test_azure_stack_hub(emulate: Emulate) -> None:
    """It has two endpoints only, no zones, and "" for booleans it does not know."""
    url = emulate(cloud="stack").url
    compute = instance(url, version="2021-05-01").json["compute"]
    assert compute["zone"] == compute["isHostCompatibilityLayerVm"] == ""
    assert compute["securityProfile"] == {"secureBootEnabled": "", "virtualTpmEnabled": ""}
    for path in ("loadbalancer", "attested/document", "identity/info", "scheduledevents"):
        assert ask(url, f"/metadata/{path}?api-version=2021-05-01").status == 404


def compute_of(emulate: Emulate, *vm: str) -> Any:
    """The compute section of a machine."""
    return instance(emulate(vm=vm).url).json["compute"]


def test_windows(emulate: Emulate) -> None:
    """Its image, licence, disk and names are Windows's, and Linux's settings are empty."""
    compute = compute_of(emulate, "windows")
    assert (compute["osType"], compute["licenseType"], compute["offer"]) == (
        "Windows",
        "Windows_Server",
        "WindowsServer",
    )
    assert compute["storageProfile"]["osDisk"]["osType"] == "Windows"
    assert compute["storageProfile"]["imageReference"]["publisher"] == "MicrosoftWindowsServer"
    assert compute["osProfile"] == {
        "adminUsername": "azureuser",
        "computerName": "win-01",
        "disablePasswordAuthentication": "",
    }
    assert compute["publicKeys"] == []
    assert compute["resourceId"].endswith("/virtualMachines/win-01")
    assert "debian" not in json.dumps(compute).lower()


def test_scale_set(emulate: Emulate) -> None:
    """A uniform scale set's instance has its set's name, a placement group and an id below the set."""
    compute = compute_of(emulate, "vmss")
    assert (compute["name"], compute["vmScaleSetName"]) == ("web_0", "web")
    assert compute["placementGroupId"]
    assert compute["resourceId"].endswith("/virtualMachineScaleSets/web/virtualMachines/0")
    assert compute["osProfile"]["computerName"] == "web000000"


def test_spot_and_trusted_launch_together(emulate: Emulate) -> None:
    """Machines are laid over each other in their order."""
    compute = compute_of(emulate, "windows", "spot", "trusted-launch")
    assert (compute["osType"], compute["priority"], compute["evictionPolicy"]) == ("Windows", "Spot", "Deallocate")
    assert compute["securityProfile"] == {
        "encryptionAtHost": "false",
        "secureBootEnabled": "true",
        "securityType": "TrustedLaunch",
        "virtualTpmEnabled": "true",
    }


def test_interfaces(emulate: Emulate) -> None:
    """Several interfaces have addresses of their own, the last none; dual stack gives each IPv6."""
    interfaces = instance(emulate(vm=("multi-nic", "dual-stack")).url).json["network"]["interface"]
    assert [nic["macAddress"] for nic in interfaces] == ["000D3A2B5C10", "000D3A2B5C11", "000D3A2B5C12"]
    assert [nic["ipv4"]["ipAddress"][:1] for nic in interfaces] == [
        [{"privateIpAddress": "10.1.0.4", "publicIpAddress": "203.0.113.10"}],
        [{"privateIpAddress": "10.1.1.4", "publicIpAddress": ""}],
        [],
    ]
    assert [nic["ipv6"]["ipAddress"] for nic in interfaces] == [
        [{"privateIpAddress": f"fd00:10:1:{number}::4"}] for number in range(3)
    ]


def test_classic(emulate: Emulate) -> None:
    """A classic machine has network and attested data; tags cannot be set where there is no compute section."""
    emulator = emulate(vm="classic")
    assert list(instance(emulator.url).json) == ["network"]
    assert instance(emulator.url, "/compute").status == 404
    with pytest.raises(EmulatorError, match="no compute section"):
        emulator.tag("a", "b")


@pytest.mark.parametrize("vm", list(PROFILES))
def test_public_addresses_are_for_documentation(emulate: Emulate, vm: str) -> None:
    """Every public address of an example is of a range that nobody has."""
    interfaces = emulate(vm=vm).document["network"]["interface"]
    public = [address["publicIpAddress"] for nic in interfaces for address in nic["ipv4"]["ipAddress"]]
    assert public[0].startswith("203.0.113.")
    assert not any(public[1:])
