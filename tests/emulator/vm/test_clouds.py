# SPDX-License-Identifier: Apache-2.0
"""Clouds: names, regions, versions and endpoints."""

from __future__ import annotations

import pytest
from azure_imds_facts.emulator.vm.clouds import CLOUDS

from tests.emulator.client import StartEmulator, get_instance, send_request

LAST = {
    "public": "2025-04-07",
    "government": "2024-03-15",
    "china": "2025-04-07",
    "german": "2021-08-01",
    "stack": "2021-05-01",
    "bleu": "2025-04-07",
    "delos": "2025-04-07",
}


@pytest.mark.parametrize(("cloud", "environment", "region"), [
    ("public", "AzurePublicCloud", "westeurope"),
    ("government", "AzureUSGovernmentCloud", "usgovvirginia"),
    ("china", "AzureChinaCloud", "chinaeast2"),
    ("german", "AzureGermanCloud", "germanycentral"),
    ("stack", "AzureStack", "orlando"),
    ("bleu", "AzureBleuCloud", "bleufrancecentral"),
    ("delos", "AzureDelosCloud", "delosgermanycentral"),
])  # fmt: skip
def test_clouds(start_emulator: StartEmulator, cloud: str, environment: str, region: str) -> None:
    """Each cloud has its name, its regions and its newest version."""
    url = start_emulator(cloud=cloud).url
    assert send_request(url, "/metadata/versions").json["apiVersions"][-1] == LAST[cloud]
    compute = get_instance(url, version=LAST[cloud]).json["compute"]
    assert (compute["azEnvironment"], compute["location"]) == (environment, region)
    assert region in CLOUDS[cloud].regions


def test_no_region_is_in_two_clouds() -> None:
    """A region identifies its cloud."""
    regions = [region for cloud in CLOUDS.values() for region in cloud.regions]
    assert len(regions) == len(set(regions))
    assert all(region == region.lower().strip() for region in regions)


def test_azure_stack_hub(start_emulator: StartEmulator) -> None:
    """It has two endpoints only, no zones, and "" for booleans it does not know."""
    url = start_emulator(cloud="stack").url
    compute = get_instance(url, version="2021-05-01").json["compute"]
    assert compute["zone"] == compute["isHostCompatibilityLayerVm"] == ""
    assert compute["securityProfile"] == {"secureBootEnabled": "", "virtualTpmEnabled": ""}
    for path in ("loadbalancer", "attested/document", "identity/info", "scheduledevents"):
        assert send_request(url, f"/metadata/{path}?api-version=2021-05-01").status == 404
