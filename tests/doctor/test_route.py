# SPDX-License-Identifier: Apache-2.0
"""The way to IMDS: its source address, and the kernel's table of routes."""

from __future__ import annotations

import pytest
from azure_imds_facts.doctor.route import choose_route, read_routes
from azure_imds_facts.doctor.source import check_source

DOCUMENT = {
    "network": {
        "interface": [
            {"ipv4": {"ipAddress": [{"privateIpAddress": "10.1.0.4"}, {"privateIpAddress": "10.1.0.5"}]}},
        ]
    }
}


@pytest.mark.parametrize(
    ("address", "verdict"),
    [
        ("10.1.0.4", "ok"),
        ("10.1.0.5", "note"),
        ("192.0.2.1", "note"),
        ("127.0.0.1", "skipped"),
        ("169.254.169.254", "skipped"),
        (None, "skipped"),
    ],
)
def test_source_address(address: str | None, verdict: str) -> None:
    """The first address of an interface is its primary one; others are noted."""
    assert check_source(DOCUMENT, address, host="169.254.169.254").verdict == verdict


def test_longest_mask_wins(tmp_path: object) -> None:
    """The kernel's table is read in its own byte order, and the most specific route is taken."""
    path = f"{tmp_path}/route"
    rows = [
        "Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT",
        "eth0 00000000 0100010A 0003 0 0 100 00000000 0 0 0",
        "br0 0000FEA9 00000000 0001 0 0 0 0000FFFF 0 0 0",
        "down0 FEA9FEA9 00000000 0000 0 0 0 FFFFFFFF 0 0 0",
    ]
    with open(path, "w", encoding="ascii") as table:
        table.write("\n".join(rows))
    routes = read_routes(path)
    assert getattr(choose_route(routes, "169.254.169.254"), "interface", None) == "br0"
    assert getattr(choose_route(routes, "10.9.9.9"), "interface", None) == "eth0"
    assert read_routes(f"{path}-missing") == []


@pytest.mark.parametrize("ipv4", [5, [], {"ipAddress": 5}, {"ipAddress": None}, {"ipAddress": [5, {}]}])
def test_odd_documents(ipv4: object) -> None:
    """Whatever a document holds, the check ends."""
    document = {"network": {"interface": [{"ipv4": ipv4}, 5]}}
    assert check_source(document, "10.1.0.4", host="169.254.169.254").verdict == "note"


def test_what_a_document_says_does_nothing_to_a_terminal() -> None:
    """An address is text from outside too."""
    odd = {"privateIpAddress": "10.1.0.9\x1b[2J\nok answer\u202e"}
    document = {"network": {"interface": [{"ipv4": {"ipAddress": [odd, {"privateIpAddress": "10.1.0.5"}]}}]}}
    finding = check_source(document, "10.1.0.5", host="169.254.169.254")
    assert (finding.text + finding.fix).isprintable()
