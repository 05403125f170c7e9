# SPDX-License-Identifier: Apache-2.0
"""Profiles of machines: the differences of each."""

from __future__ import annotations

import json
from typing import Any

import pytest
from azure_imds_facts.emulator import EmulatorError
from azure_imds_facts.emulator.vm.profiles import PROFILES

from tests.emulator.client import StartEmulator, get_instance


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


@pytest.mark.parametrize("vm", list(PROFILES))
def test_public_addresses_are_for_documentation(start_emulator: StartEmulator, vm: str) -> None:
    """Every public address of an example is in a range reserved for documentation."""
    interfaces = start_emulator(vm=vm).document["network"]["interface"]
    public = [address["publicIpAddress"] for nic in interfaces for address in nic["ipv4"]["ipAddress"]]
    assert public[0].startswith("203.0.113.")
    assert not any(public[1:])
