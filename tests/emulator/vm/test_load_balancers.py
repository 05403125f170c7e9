# SPDX-License-Identifier: Apache-2.0
"""Load balancers: profiles applied to a machine, and custom objects."""

from __future__ import annotations

import pytest
from azure_imds_facts.emulator import Emulator, EmulatorError

from tests.emulator.client import StartEmulator, get_instance, send_request

PATH = "/metadata/loadbalancer"


def test_a_standard_load_balancer(start_emulator: StartEmulator) -> None:
    """Rules and public addresses are those of the machine's own addresses, IPv6 in brackets, protocol Tcp."""
    emulator = start_emulator(load_balancer="standard", vm="dual-stack")
    balancer = send_request(emulator.url, f"{PATH}?api-version=2020-10-01").json["loadbalancer"]
    assert balancer["publicIpAddresses"] == [
        {"frontendIpAddress": "203.0.113.20", "privateIpAddress": "10.1.0.4"},
        {"frontendIpAddress": "[2001:db8::20]", "privateIpAddress": "[fd00:10:1:0::4]"},
    ]
    rule = balancer["inboundRules"][0]
    assert (rule["protocol"], rule["frontendPort"], rule["backendPort"]) == ("Tcp", 80, 8080)
    addresses = get_instance(emulator.url).json["network"]["interface"][0]["ipv4"]["ipAddress"]
    assert addresses == [{"privateIpAddress": "10.1.0.4", "publicIpAddress": ""}]


def test_a_custom_load_balancer(start_emulator: StartEmulator) -> None:
    """An object is served unchanged, given with or without its envelope."""
    own = {"publicIpAddresses": [], "inboundRules": [{"frontendPort": 1}], "outboundRules": []}
    for given in (own, {"loadbalancer": own}):
        response = send_request(start_emulator(load_balancer=given).url, f"{PATH}?api-version=2021-02-01")
        assert response.json == {"loadbalancer": own}


@pytest.mark.parametrize("given", ["basic", {"rules": []}, 5])
def test_an_invalid_load_balancer(given: object) -> None:
    """A value that is neither a profile nor an object of known sections is rejected with the allowed values."""
    with pytest.raises(EmulatorError, match=r"allowed: standard, gateway|some of publicIpAddresses"):
        Emulator(load_balancer=given)


@pytest.mark.parametrize("network", [None, 5, {"interface": [{"ipv4": 1}]}, {"interface": "x"}])
def test_an_odd_document_has_no_addresses(start_emulator: StartEmulator, network: object) -> None:
    """A raw document without usable addresses has a load balancer without rules."""
    emulator = start_emulator(document={"compute": {}, "network": network}, raw=True, load_balancer="standard")
    balancer = send_request(emulator.url, f"{PATH}?api-version=2021-02-01").json["loadbalancer"]
    assert balancer == {"publicIpAddresses": [], "inboundRules": [], "outboundRules": []}
