# SPDX-License-Identifier: Apache-2.0
"""Profiles of machines: the differences of each."""

from __future__ import annotations

import json
from typing import Any

import pytest
from azure_imds_facts.emulator import Emulator, EmulatorError
from azure_imds_facts.emulator.vm.profiles import PROFILES

from tests.emulator.client import StartEmulator, get_instance, send_request


def get_compute(start_emulator: StartEmulator, *vm: str) -> Any:
    """The compute section of a machine."""
    return get_instance(start_emulator(vm=vm).url).json["compute"]


def test_windows(start_emulator: StartEmulator) -> None:
    """Its image, licence, disk and names are Windows's, and Linux's settings are empty."""
    compute = get_compute(start_emulator, "windows")
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


def test_scale_set(start_emulator: StartEmulator) -> None:
    """A uniform scale set's instance has its set's name, a placement group and an id below the set."""
    compute = get_compute(start_emulator, "vmss")
    assert (compute["name"], compute["vmScaleSetName"]) == ("web_0", "web")
    assert compute["placementGroupId"]
    assert compute["resourceId"].endswith("/virtualMachineScaleSets/web/virtualMachines/0")
    assert compute["osProfile"]["computerName"] == "web000000"


def test_spot_and_trusted_launch_together(start_emulator: StartEmulator) -> None:
    """Profiles are applied in their order."""
    compute = get_compute(start_emulator, "windows", "spot", "trusted-launch")
    assert (compute["osType"], compute["priority"], compute["evictionPolicy"]) == ("Windows", "Spot", "Deallocate")
    assert compute["securityProfile"] == {
        "encryptionAtHost": "false",
        "secureBootEnabled": "true",
        "securityType": "TrustedLaunch",
        "virtualTpmEnabled": "true",
    }


def test_interfaces(start_emulator: StartEmulator) -> None:
    """Several interfaces have addresses of their own, the last none; dual stack gives each IPv6."""
    interfaces = get_instance(start_emulator(vm=("multi-nic", "dual-stack")).url).json["network"]["interface"]
    assert [nic["macAddress"] for nic in interfaces] == ["000D3A2B5C10", "000D3A2B5C11", "000D3A2B5C12"]
    assert [nic["ipv4"]["ipAddress"][:1] for nic in interfaces] == [
        [{"privateIpAddress": "10.1.0.4", "publicIpAddress": "203.0.113.10"}],
        [{"privateIpAddress": "10.1.1.4", "publicIpAddress": ""}],
        [],
    ]
    assert [nic["ipv6"]["ipAddress"] for nic in interfaces] == [
        [{"privateIpAddress": f"fd00:10:1:{number}::4"}] for number in range(3)
    ]


def test_classic(start_emulator: StartEmulator) -> None:
    """A classic machine has network and attested data; without a compute section, tags cannot be set."""
    emulator = start_emulator(vm="classic")
    assert list(get_instance(emulator.url).json) == ["network"]
    assert get_instance(emulator.url, "/compute").status == 404
    with pytest.raises(EmulatorError, match="no compute section"):
        emulator.tag("a", "b")


@pytest.mark.parametrize("vm", sorted(PROFILES.keys() - {"arc"}))  # which has no interfaces
def test_public_addresses_are_for_documentation(start_emulator: StartEmulator, vm: str) -> None:
    """Every public address of an example is in a range reserved for documentation."""
    interfaces = start_emulator(vm=vm).document["network"]["interface"]
    public = [address["publicIpAddress"] for nic in interfaces for address in nic["ipv4"]["ipAddress"]]
    assert public[0].startswith("203.0.113.")
    assert not any(public[1:])


ARC_FIELDS = """
    azEnvironment customData location name offer osType placementGroupId plan platformFaultDomain platformUpdateDomain
    provider publicKeys publisher resourceGroupName resourceId sku storageProfile subscriptionId tags tagsList version vmId
    vmScaleSetName vmSize zone
""".split()  # noqa: SIM905  read best so


def test_azure_arc(start_emulator: StartEmulator) -> None:
    """The recorded shape: what Azure knows of a machine outside it, the rest empty, null keys, an empty network."""
    document = get_instance(start_emulator(vm="arc").url, version="2020-06-01").json
    compute = document["compute"]
    assert (document["network"], sorted(document)) == ({}, ["compute", "network"])
    assert sorted(compute) == sorted(ARC_FIELDS)
    assert (compute["publicKeys"], compute["storageProfile"], compute["provider"]) == (None, {}, "")
    assert compute["plan"] == {"name": "", "product": "", "publisher": ""}
    assert compute["resourceId"].endswith("/providers/Microsoft.HybridCompute/machines/plant-07")
    assert compute["tagsList"] == [{"name": "env", "value": "demo"}, {"name": "site", "value": "plant"}]
    filled = (
        "azEnvironment location name osType resourceGroupName resourceId sku subscriptionId tags tagsList version vmId"
    )
    assert {name for name, value in compute.items() if value and name != "plan"} == set(filled.split())


def test_azure_arc_has_three_versions(start_emulator: StartEmulator) -> None:
    """Others get 400 without a list of versions, and there is no page of versions."""
    url = start_emulator(vm="arc").url
    older = get_instance(url, version="2017-08-01").json["compute"]
    assert ("tagsList" in older, older["tags"], "resourceId" in older) == (False, "env:demo;site:plant", False)
    assert "tagsList" in get_instance(url, version="2019-11-01").json["compute"]
    for version in ("2025-04-07", "2021-02-01", "2017-04-02", ""):
        refused = get_instance(url, version=version)
        assert (refused.status, "newest-versions" in refused.json) == (400, False)
    assert send_request(url, "/metadata/versions").status == 404


@pytest.mark.parametrize(
    "path", ["scheduledevents", "loadbalancer", "attested/document", "identity/info", "identity/oauth2/token", ""]
)
def test_azure_arc_has_the_instance_alone(path: str, start_emulator: StartEmulator) -> None:
    """Other endpoints are not there."""
    assert send_request(start_emulator(vm="arc").url, f"/metadata/{path}?api-version=2020-06-01").status == 404


def test_azure_arc_changes(start_emulator: StartEmulator) -> None:
    """Fields and tags can be set, the id follows the name, and a field that it does not have is refused."""
    machine = start_emulator(vm="arc")
    machine.set("compute.name", "plant-08")
    machine.tag("role", "press")
    compute = get_instance(machine.url, version="2020-06-01").json["compute"]
    assert compute["resourceId"].endswith("/machines/plant-08")
    assert compute["tags"] == "env:demo;site:plant;role:press"
    with pytest.raises(EmulatorError, match="licenseType"):
        machine.set("compute.licenseType", "x")
    with pytest.raises(EmulatorError, match="null"):
        machine.set("compute.publicKeys", [])
    named = start_emulator(vm="arc", document={"compute": {"name": "own"}, "network": {}})
    assert get_instance(named.url, version="2020-06-01").json["compute"]["name"] == "own"


@pytest.mark.parametrize(
    "settings",
    [{"vm": ("arc", "spot")}, {"vm": "arc", "load_balancer": "standard"}, {"vm": "arc", "proxy_agent": "audit"}],
)
def test_what_azure_arc_excludes(settings: dict[str, Any]) -> None:
    """What a VM alone can have is refused."""
    with pytest.raises(EmulatorError, match="arc"):
        Emulator(**settings)
