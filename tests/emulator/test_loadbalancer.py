# SPDX-License-Identifier: Apache-2.0
"""/metadata/loadbalancer: with and without a load balancer, and its own error texts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from azure_imds_facts.emulator import Emulator, EmulatorError

from .conftest import ask, instance

Emulate = Callable[..., Emulator]
PATH = "/metadata/loadbalancer"


def test_none(emulate: Emulate) -> None:
    """A machine behind none gets the recorded 404."""
    reply = ask(emulate().url, f"{PATH}?api-version=2020-10-01")
    assert reply.status == 404
    assert reply.json == {
        "error": "No load balancer metadata is found. Please check if your VM is using any non-basic SKU load"
        " balancer and retry later."
    }


def test_a_standard_load_balancer(emulate: Emulate) -> None:
    """Rules and public addresses are those of the machine's own addresses, IPv6 in brackets, protocol Tcp."""
    emulator = emulate(load_balancer="standard", vm="dual-stack")
    balancer = ask(emulator.url, f"{PATH}?api-version=2020-10-01").json["loadbalancer"]
    assert balancer["publicIpAddresses"] == [
        {"frontendIpAddress": "203.0.113.20", "privateIpAddress": "10.1.0.4"},
        {"frontendIpAddress": "[2001:db8::20]", "privateIpAddress": "[fd00:10:1:0::4]"},
    ]
    rule = balancer["inboundRules"][0]
    assert (rule["protocol"], rule["frontendPort"], rule["backendPort"]) == ("Tcp", 80, 8080)
    addresses = instance(emulator.url).json["network"]["interface"][0]["ipv4"]["ipAddress"]
    assert addresses == [{"privateIpAddress": "10.1.0.4", "publicIpAddress": ""}]


def test_tunnels_came_later(emulate: Emulate) -> None:
    """A gateway's tunnels are seen since 2021-01-01."""
    url = emulate(load_balancer="gateway").url
    old, new = (ask(url, f"{PATH}?api-version={v}").json["loadbalancer"] for v in ("2020-12-01", "2021-01-01"))
    assert "tunnelInterfaces" not in old
    assert [tunnel["type"] for tunnel in new["tunnelInterfaces"]] == ["internal", "external"]


def test_a_load_balancer_of_ones_own(emulate: Emulate) -> None:
    """An object is served as it is, with or without its envelope."""
    own = {"publicIpAddresses": [], "inboundRules": [{"frontendPort": 1}], "outboundRules": []}
    for given in (own, {"loadbalancer": own}):
        reply = ask(emulate(load_balancer=given).url, f"{PATH}?api-version=2021-02-01")
        assert reply.json == {"loadbalancer": own}


def test_its_own_error_texts(emulate: Emulate) -> None:
    """The endpoint's errors are plain text, letter by letter as documented."""
    url = emulate(load_balancer="standard").url
    retry = "Please fix the request and retry."
    found = ask(url, f"{PATH}/rules?api-version=2021-02-01")
    assert (found.status, found.text) == (404, f'API is not found: Path = "{PATH}/rules", Method = "GET"')
    posted = ask(url, f"{PATH}?api-version=2021-02-01", method="POST", body=b"{}")
    assert (posted.status, posted.text) == (
        405,
        f'Http method is not allowed: Path = "{PATH}", Method = "POST"',
    )
    missing = ask(url, PATH)
    assert (missing.status, missing.text) == (400, f'Missing required parameter "api-version". {retry}')
    unexpected = ask(url, f"{PATH}?api-version=2021-02-01&extra=1")
    assert unexpected.text == "Unexpected request. Please check the query parameters and retry."
    formatted = ask(url, f"{PATH}?api-version=2021-02-01&format=xml")
    assert formatted.status == 400
    assert 'parameter value "xml" is not allowed for parameter "format"' in formatted.text
    assert ask(url, f"{PATH}?api-version=2020-09-01").status == 404


@pytest.mark.parametrize("given", ["basic", {"rules": []}, 5])
def test_a_wrong_load_balancer(given: object) -> None:
    """What is neither a profile nor an object of known sections is refused with what is allowed."""
    with pytest.raises(EmulatorError, match=r"allowed: standard, gateway|some of publicIpAddresses"):
        Emulator(load_balancer=given)


@pytest.mark.parametrize("network", [None, 5, {"interface": [{"ipv4": 1}]}, {"interface": "x"}])
def test_an_odd_document_has_no_addresses(emulate: Emulate, network: object) -> None:
    """A raw document without usable addresses has a load balancer without rules."""
    emulator = emulate(document={"compute": {}, "network": network}, raw=True, load_balancer="standard")
    balancer = ask(emulator.url, f"{PATH}?api-version=2021-02-01").json["loadbalancer"]
    assert balancer == {"publicIpAddresses": [], "inboundRules": [], "outboundRules": []}
