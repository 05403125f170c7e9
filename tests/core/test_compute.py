# SPDX-License-Identifier: Apache-2.0
"""Test how the cloud is named, and how tags are read."""

from __future__ import annotations

from typing import Any

import pytest
from azure_imds_facts.core.compute import name_cloud, parse_tags


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
        ({"azEnvironment": "AzureGermanyCloud"}, "AzureDelosCloud"),
        ({"azEnvironment": "GermanyCloud"}, "AzureDelosCloud"),
        ({"azEnvironment": "AzureDelosCloud"}, "AzureDelosCloud"),
        ({"azEnvironment": "azurebleucloud"}, "AzureBleuCloud"),
        ({"location": "bleufrancecentral"}, "AzureBleuCloud"),
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


@pytest.mark.parametrize(
    ("compute", "expected", "ambiguous", "skipped"),
    [
        ({}, {}, False, 0),
        ({"tags": None}, {}, False, 0),
        ({"tags": ""}, {}, False, 0),
        ({"tags": "a:1;b:2"}, {"a": "1", "b": "2"}, False, 0),
        ({"tags": "a:1:2"}, {"a": "1:2"}, True, 0),
        ({"tags": "a:1;b"}, {"a": "1", "b": ""}, True, 0),
        ({"tags": ";;a:1;"}, {"a": "1"}, False, 0),
        ({"tags": " a : 1 ;b: "}, {" a ": " 1 ", "b": " "}, False, 0),
        ({"tags": "a:1;a:2"}, {"a": "2"}, False, 0),
        ({"tags": ":v"}, {"": "v"}, False, 0),
        ({"tags": "größe:ü"}, {"größe": "ü"}, False, 0),
        ({"tags": "a:1", "tagsList": []}, {}, False, 0),
        ({"tags": "a:1:2", "tagsList": [{"name": "a", "value": "x;y:z"}]}, {"a": "x;y:z"}, False, 0),
        ({"tags": "a:1", "tagsList": None}, {"a": "1"}, False, 0),
        ({"tags": "a:1", "tagsList": "a:2"}, {"a": "1"}, False, 0),
        ({"tags": "a:1", "tagsList": {"name": "a", "value": "2"}}, {"a": "1"}, False, 0),
        ({"tagsList": [{"name": "", "value": "v"}]}, {"": "v"}, False, 0),
        ({"tagsList": [{"name": "a"}, {"value": "b"}, "c", None, {"name": 1, "value": "d"}]}, {}, False, 5),
        ({"tagsList": [{"name": "a", "value": None}, {"name": "b", "value": ""}]}, {"b": ""}, False, 1),
        ({"tagsList": [{"name": "a", "value": "1"}, {"name": "a", "value": "2"}]}, {"a": "2"}, False, 0),
    ],
)
def test_parse_tags(compute: dict[str, Any], expected: dict[str, str], ambiguous: bool, skipped: int) -> None:
    """A list beats the string, which is split on `;` and the first `:` with nothing trimmed."""
    tags = parse_tags(compute)
    assert (tags.values, tags.is_ambiguous, tags.skipped) == (expected, ambiguous, skipped)


def test_order_is_the_documents() -> None:
    """Tags keep the order in which IMDS names them."""
    assert list(parse_tags({"tags": "b:1;a:2;c:3"}).values) == ["b", "a", "c"]
