# SPDX-License-Identifier: Apache-2.0
"""Test the network summary."""

from __future__ import annotations

from typing import Any

import pytest
from azure_imds_facts.core.network import summarize_network


def nic(mac: object = "000D3A000001", v4: Any = (), v6: Any = (), subnet: Any = ()) -> dict[str, Any]:
    """Return an interface with (private, public) addresses."""
    family = lambda pairs: [{"privateIpAddress": private, "publicIpAddress": public} for private, public in pairs]  # noqa: E731
    return {
        "macAddress": mac,
        "ipv4": {"ipAddress": family(v4), "subnet": list(subnet)},
        "ipv6": {"ipAddress": family(v6)},
    }


FIRST = nic(
    "000D3A000001",
    [("10.0.0.4", ""), ("10.0.0.5", "20.0.0.5")],
    [("fd00::4", "")],
    [{"address": "10.0.0.0", "prefix": "24"}],
)
SECOND = nic(
    "000D3A000002", [("10.1.0.4", "20.1.0.4")], [("fd00::5", "2603::5")], [{"address": "10.1.0.0", "prefix": "26"}]
)


@pytest.mark.parametrize(
    ("local", "mac"),
    [
        (None, "00:0d:3a:00:00:01"),
        ("10.0.0.4", "00:0d:3a:00:00:01"),
        ("10.1.0.4", "00:0d:3a:00:00:02"),
        ("192.168.0.1", "00:0d:3a:00:00:01"),
        ("FD00:0::5", "00:0d:3a:00:00:02"),
    ],
)
def test_primary(local: str | None, mac: str) -> None:
    """The primary interface owns the address that IMDS was reached from, else it is the first."""
    assert summarize_network({"interface": [FIRST, SECOND]}, local_address=local)["macAddress"] == mac


def test_summary() -> None:
    """The primary interface's first addresses, and all of each kind in the document's order."""
    summary = summarize_network({"interface": [FIRST, SECOND]}, local_address=None)
    assert summary == {
        "interface": [FIRST, SECOND],
        "macAddress": "00:0d:3a:00:00:01",
        "privateIpv4": "10.0.0.4",
        "publicIpv4": "20.0.0.5",
        "privateIpv6": "fd00::4",
        "publicIpv6": "",
        "subnetIpv4": "10.0.0.0/24",
        "macAddresses": ["00:0d:3a:00:00:01", "00:0d:3a:00:00:02"],
        "privateIpv4Addresses": ["10.0.0.4", "10.0.0.5", "10.1.0.4"],
        "publicIpv4Addresses": ["20.0.0.5", "20.1.0.4"],
        "privateIpv6Addresses": ["fd00::4", "fd00::5"],
        "publicIpv6Addresses": ["2603::5"],
    }


@pytest.mark.parametrize("network", [{}, {"interface": []}])
def test_empty(network: Any) -> None:
    """Without interfaces the summary is there, with empty values."""
    summary = summarize_network(network, local_address="10.0.0.4")
    lists = {name for name, value in summary.items() if value == []}
    assert lists == {"interface", "macAddresses"} | {
        f"{kind}Ipv{n}Addresses" for kind in ("private", "public") for n in (4, 6)
    }
    assert {value for name, value in summary.items() if name not in lists} == {""}


@pytest.mark.parametrize(
    ("mac", "expected"),
    [
        ("000D3AF806EC", "00:0d:3a:f8:06:ec"),
        ("00:0D:3A:F8:06:EC", "00:0d:3a:f8:06:ec"),
        ("00-0D-3A-F8-06-EC", "00:0d:3a:f8:06:ec"),
        ("00:0D-3A:F8:06:EC", "00:0D-3A:F8:06:EC"),
        ("000D3AF806E", "000D3AF806E"),
        ("000D3AF806EC\n", "000D3AF806EC\n"),
        ("000D.3AF8.06EC", "000D.3AF8.06EC"),
        ("", ""),
        (None, None),
    ],
)
def test_mac(mac: object, expected: object) -> None:
    """A MAC is spelled one way; anything else stays as it came."""
    summary = summarize_network({"interface": [nic(mac)]}, local_address=None)
    assert summary["macAddress"] == expected
    assert summary["macAddresses"] == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("subnet", "expected"),
    [
        ([{"address": "10.1.0.0", "prefix": "24"}, {"address": "x", "prefix": "1"}], "10.1.0.0/24"),
        ([{"address": "10.1.0.0", "prefix": 24}], "10.1.0.0/24"),
        ([{"address": "10.1.0.0"}], ""),
        ([{"address": "10.1.0.0", "prefix": ""}], ""),
        ([{"address": "", "prefix": "24"}], ""),
        ([{"prefix": "24"}, {"address": "10.1.0.0", "prefix": "24"}], ""),
        ([], ""),
        (["odd"], ""),
    ],
)
def test_subnet(subnet: list[Any], expected: str) -> None:
    """The first subnet counts, where it has both halves."""
    assert summarize_network({"interface": [nic(subnet=subnet)]}, local_address=None)["subnetIpv4"] == expected


def test_public_addresses_of_the_load_balancer() -> None:
    """Empty public addresses are filled from the load balancer, in the summary and not in the list."""
    interface = nic(v4=[("10.0.0.4", ""), ("10.0.0.5", "20.0.0.5")], v6=[("fd00::4", "")])
    listed = [
        {"frontendIpAddress": "52.0.0.4", "privateIpAddress": "10.0.0.4"},
        {"frontendIpAddress": "52.0.0.5", "privateIpAddress": "10.0.0.5"},
        {"frontendIpAddress": "[2603::4]", "privateIpAddress": "[FD00:0:0::4]"},
        {"privateIpAddress": "10.0.0.4"},
        {"frontendIpAddress": "1.1.1.1"},
        "odd",
    ]
    summary = summarize_network(
        {"interface": [interface]}, local_address=None, load_balancer={"publicIpAddresses": listed}
    )
    assert (summary["publicIpv4"], summary["publicIpv6"]) == ("52.0.0.4", "2603::4")
    assert summary["publicIpv4Addresses"] == ["52.0.0.4", "20.0.0.5"]
    assert summary["interface"] == [interface]
    assert interface["ipv4"]["ipAddress"][0]["publicIpAddress"] == ""


@pytest.mark.parametrize(
    "odd",
    [
        None,
        "x",
        5,
        [],
        {},
        {"ipv4": None},
        {"ipv4": []},
        {"ipv4": {"ipAddress": "x", "subnet": "y"}},
        {"ipv6": {"ipAddress": [None]}},
    ],
)
def test_odd_interfaces(odd: Any) -> None:
    """Whatever stands in the list stays there, and what is no object counts for no summary."""
    summary = summarize_network({"interface": [odd, SECOND]}, local_address="10.1.0.4")
    assert summary["interface"] == [odd, SECOND]
    assert summary["privateIpv4Addresses"] == ["10.1.0.4"]
    if not isinstance(odd, dict):
        assert summarize_network({"interface": [odd, SECOND]}, local_address=None)["privateIpv4"] == "10.1.0.4"
