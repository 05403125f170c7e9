# SPDX-License-Identifier: Apache-2.0
"""Test how the cloud is named."""

from __future__ import annotations

from typing import Any

import pytest
from azure_imds_facts.core.compute import name_cloud


@pytest.mark.parametrize(
    ("compute", "expected"),
    [
        ({}, "Unknown"),
        ({"azEnvironment": "AzurePublicCloud"}, "AzureCloud"),
        ({"azEnvironment": "AZUREPUBLICCLOUD"}, "AzureCloud"),
        ({"azEnvironment": "AzureCloud"}, "AzureCloud"),
        ({"azEnvironment": "AzureUSGovernmentCloud"}, "AzureUSGovernment"),
        ({"azEnvironment": "AzureUSGovernment"}, "AzureUSGovernment"),
        ({"azEnvironment": "azurechinacloud"}, "AzureChinaCloud"),
        ({"azEnvironment": "AzureGermanCloud"}, "AzureGermanCloud"),
        ({"azEnvironment": "AzureGermanyCloud"}, "AzureGermanCloud"),
        ({"azEnvironment": "GermanyCloud"}, "AzureGermanCloud"),
        ({"azEnvironment": "AzureStack"}, "AzureStack"),
        ({"azEnvironment": "AZURESTACKCLOUD"}, "AzureStack"),
        ({"azEnvironment": "AzureUSNatCloud"}, "Unknown"),
        ({"azEnvironment": "AzureUSSecCloud", "location": "westeurope"}, "Unknown"),
        ({"azEnvironment": "Mars", "location": "westeurope"}, "Unknown"),
        ({"azEnvironment": " AzurePublicCloud", "location": "westeurope"}, "Unknown"),
        ({"azEnvironment": 5, "location": "westeurope"}, "Unknown"),
        ({"azEnvironment": None, "location": "westeurope"}, "AzureCloud"),
        ({"azEnvironment": "", "location": "SwedenCentral"}, "AzureCloud"),
        ({"location": "West Europe"}, "AzureCloud"),
        ({"location": "USGov Virginia"}, "AzureUSGovernment"),
        ({"location": "usdodeast"}, "AzureUSGovernment"),
        ({"location": "chinanorth3"}, "AzureChinaCloud"),
        ({"location": "germanycentral"}, "AzureGermanCloud"),
        ({"location": "germanywestcentral"}, "AzureCloud"),
        ({"location": "denmarkeast"}, "AzureCloud"),
        ({"location": "usnateast"}, "Unknown"),
        ({"location": "usseceast"}, "Unknown"),
        ({"location": "orlando"}, "Unknown"),
        ({"location": "westeu"}, "Unknown"),
        ({"location": "westeurope2"}, "Unknown"),
        ({"location": ""}, "Unknown"),
        ({"location": ["westeurope"]}, "Unknown"),
    ],
)
def test_name_cloud(compute: dict[str, Any], expected: str) -> None:
    """The environment names the cloud; the location does where there is no environment, whole names only."""
    assert name_cloud(compute) == expected
