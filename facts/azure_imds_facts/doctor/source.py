# SPDX-License-Identifier: Apache-2.0
"""Check the address from which IMDS is asked."""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING, Any

from azure_imds_facts.core.reporter import printable
from azure_imds_facts.doctor.findings import NOTE, OK, SKIPPED, Finding

if TYPE_CHECKING:
    from collections.abc import Mapping


def check_source(document: Mapping[str, Any] | None, local_address: str | None, *, host: str) -> Finding:
    """Say whether IMDS was reached from a primary address: it answers no other (documented)."""
    if document is None or local_address is None or is_loopback(local_address) or local_address == host:
        text = "There was no answer over the network to judge by."
        return Finding(check="source address", verdict=SKIPPED, text=text)
    interfaces = (document.get("network") or {}).get("interface") or []
    listed = [_private_addresses(one) for one in interfaces if isinstance(one, dict)]
    owned = [addresses for addresses in listed if local_address in addresses]
    if not owned:
        text = f"{local_address} is not among the addresses that IMDS lists for this VM."
        return Finding(check="source address", verdict=NOTE, text=text, fix="Look for address translation on the way.")
    if owned[0][0] != local_address:
        return Finding(
            check="source address",
            verdict=NOTE,
            text=f"Requests leave from {local_address}, a secondary address; the primary one is {owned[0][0]}.",
            fix=f"Give the route to 169.254.169.254 the source address {owned[0][0]}.",
        )
    return Finding(check="source address", verdict=OK, text=f"{local_address} is a primary address of this VM.")


def find_source(host: str) -> tuple[str, int]:
    """Return the address that a request to a host would leave from, else the number of the error that keeps it here."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((host, 80))  # of a datagram socket: chooses the route, and sends nothing
        except OSError as error:
            return "", error.errno or errno.EIO
        return str(probe.getsockname()[0]), 0


def is_loopback(address: str) -> bool:
    """Return whether an address never leaves this machine."""
    return address.startswith("127.") or address == "::1"


def _private_addresses(interface: Mapping[str, Any]) -> list[str]:
    section = interface.get("ipv4")
    entries = section.get("ipAddress") if isinstance(section, dict) else None
    listed = entries if isinstance(entries, list) else []
    return [printable(str(entry.get("privateIpAddress"))) for entry in listed if isinstance(entry, dict)]
