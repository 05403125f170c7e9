# SPDX-License-Identifier: Apache-2.0
"""The address from which IMDS is asked."""

from __future__ import annotations

import pytest
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
