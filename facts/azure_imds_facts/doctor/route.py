# SPDX-License-Identifier: Apache-2.0
"""Check the way to IMDS: whether there is one, through which interface, from which address."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from azure_imds_facts.core.records import record
from azure_imds_facts.core.reporter import printable
from azure_imds_facts.doctor.findings import BAD, NOTE, OK, SKIPPED, Finding

if TYPE_CHECKING:
    from collections.abc import Mapping

    from azure_imds_facts.core.settings import Settings

_ROUTES = "/proc/net/route"
_UP = 0x1


@record
class Route:
    """One line of the kernel's IPv4 table, addresses as numbers."""

    interface: str
    destination: int
    mask: int
    metric: int


def check_route(settings: Settings, *, routes: str = _ROUTES) -> Finding:
    """Say from which address and through which interface a request would leave; nothing is sent for it."""
    host = urlsplit(settings.endpoint).hostname or ""
    source, failure = find_source(host)
    if failure:
        return Finding(
            check="route",
            verdict=BAD,
            text=f"No route to {host}: {failure}.",
            fix="Bring the primary interface up with DHCP; it brings the route to 169.254.169.254 along.",
        )
    if is_loopback(source) or source == host:
        return Finding(check="route", verdict=OK, text=f"Requests to {host} stay on this machine.")
    table = read_routes(routes)
    used, default = choose_route(table, host), choose_route(table, "0.0.0.0")  # noqa: S104  the default route's name
    through = f" through {used.interface}" if used else ""
    if used and default and used.interface != default.interface:
        return Finding(
            check="route",
            verdict=BAD,
            text=f"Requests to {host} leave{through}, while everything else leaves through {default.interface}.",
            fix=f"Remove that route, or add one to {host}/32 through the primary interface.",
        )
    return Finding(check="route", verdict=OK, text=f"Requests to {host} leave from {source}{through}.")


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


def find_source(host: str) -> tuple[str, str]:
    """Return the address that a request to a host would leave from, or why it could not leave."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((host, 80))  # of a datagram socket: chooses the route, and sends nothing
        except OSError as error:
            return "", (error.strerror or str(error)).lower()
        return str(probe.getsockname()[0]), ""


def is_loopback(address: str) -> bool:
    """Return whether an address never leaves this machine."""
    return address.startswith("127.") or address == "::1"


def read_routes(path: str) -> list[Route]:
    """Return the kernel's IPv4 routes, none where there is no such table."""
    try:
        with open(path, encoding="ascii") as table:
            rows = [line.split() for line in table][1:]
    except OSError:
        return []
    return [
        Route(interface=row[0], destination=_number(row[1]), mask=_number(row[7]), metric=int(row[6]))
        for row in rows
        if int(row[3], 16) & _UP
    ]


def choose_route(routes: list[Route], address: str) -> Route | None:
    """Return the route that the kernel takes: the longest mask, then the least metric."""
    try:
        wanted = struct.unpack("!I", socket.inet_aton(address))[0]
    except OSError:
        return None
    fitting = [route for route in routes if wanted & route.mask == route.destination]
    return max(fitting, key=lambda route: (route.mask, -route.metric), default=None)


def _number(text: str) -> int:
    """The table holds addresses in the machine's own byte order."""
    return int(struct.unpack("!I", struct.pack("=I", int(text, 16)))[0])


def _private_addresses(interface: Mapping[str, Any]) -> list[str]:
    section = interface.get("ipv4")
    entries = section.get("ipAddress") if isinstance(section, dict) else None
    listed = entries if isinstance(entries, list) else []
    return [printable(str(entry.get("privateIpAddress"))) for entry in listed if isinstance(entry, dict)]
