# SPDX-License-Identifier: Apache-2.0
"""Check the way to IMDS: whether there is one, and through which interface."""

from __future__ import annotations

import errno
import os
import socket
import struct
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from azure_imds_facts.core.records import record
from azure_imds_facts.doctor.answer import REFUSED
from azure_imds_facts.doctor.findings import BAD, OK, Finding
from azure_imds_facts.doctor.interfaces import list_candidates, read_addresses
from azure_imds_facts.doctor.source import find_source, is_loopback

if TYPE_CHECKING:
    from azure_imds_facts.core.settings import Settings
    from azure_imds_facts.doctor.answer import Asked

_ROUTES = "/proc/net/route"
_UP = 0x1
_SHOWN_BY = "`ip rule` and `ip -4 route show table all` show it"
_ON_PURPOSE = (
    f"It was set on purpose, by an administrator or a service that guards IMDS: {_SHOWN_BY}. Let this program through "
    "there, or run it where access is meant to be."
)
# Why the kernel lets nothing leave: the error's number → what is there, and what to do.
_REFUSALS = {
    errno.ENETUNREACH: (
        "No route to {host}: network is unreachable.",
        "Bring the primary interface up with DHCP; it brings the route to 169.254.169.254 along.",
    ),
    errno.EACCES: ("A route or rule of type prohibit forbids requests to {host}.", _ON_PURPOSE),
    errno.EINVAL: ("A route or rule of type blackhole swallows requests to {host}.", _ON_PURPOSE),
    errno.EHOSTUNREACH: ("A route or rule of type unreachable turns requests to {host} away.", _ON_PURPOSE),
    errno.EPERM: (
        "A policy of this machine forbids requests to {host}.",
        "Look at the unit, the container or the security module under which this program runs.",
    ),
}


@record
class Route:
    """One line of the kernel's IPv4 table, addresses as numbers."""

    interface: str
    destination: int
    mask: int
    metric: int


def check_route(settings: Settings, asked: Asked, *, routes: str = _ROUTES) -> Finding:
    """Say from which address and through which interface requests leave; nothing is sent for it.

    Where an answer came by that route it is right. Else all that is known is named, for this machine cannot know by
    itself which interface is its primary one.
    """
    host = urlsplit(settings.endpoint).hostname or ""
    source, refusal = find_source(host)
    if refusal and not asked.responses:
        return _explain_refusal(host, refusal, choose_route(read_routes(routes), host))
    if is_loopback(source) or source == host:
        return Finding(check="route", verdict=OK, text=f"Requests to {host} stay on this machine.")
    table = read_routes(routes)
    interface = _find_interface(source, choose_route(table, host))
    through = f" through {interface}" if interface else ""
    if asked.responses:
        return Finding(
            check="route", verdict=OK, text=f"Requests to {host} leave from {source}{through}, and are answered."
        )
    if not asked.failures or REFUSED in asked.failures:
        return Finding(check="route", verdict=OK, text=f"Requests to {host} leave from {source}{through}.")
    return _judge_silence(host, source, interface, choose_route(table, "0.0.0.0"))  # noqa: S104  the default route's name


def _explain_refusal(host: str, refusal: int, listed: Route | None) -> Finding:
    """Say why nothing leaves for a host. `listed`: the route in the main table, which the kernel did not take."""
    other = ("{host} cannot be reached: {reason}.", f"Look for its route: {_SHOWN_BY}.")
    if refusal == errno.ENETUNREACH and listed is not None:
        text, fix = f"A rule keeps requests to {{host}} from the route through {listed.interface}.", _ON_PURPOSE
    else:
        text, fix = _REFUSALS.get(refusal, other)
    reason = os.strerror(refusal).lower()
    return Finding(check="route", verdict=BAD, text=text.format(host=host, reason=reason), fix=fix)


def _judge_silence(host: str, source: str, interface: str, default: Route | None) -> Finding:
    """Say whether requests without an answer may leave through the wrong interface: IMDS answers the primary alone."""
    others = {one.interface: f"{one.interface} ({one.address})" for one in list_candidates(read_addresses())}
    elsewhere = default.interface if default and default.interface != interface else ""
    if elsewhere:
        others.setdefault(elsewhere, elsewhere)
    others.pop(interface, None)
    if not others:
        text = (
            f"Requests to {host} leave from {source} through {interface}; nothing else could be the primary interface."
        )
        return Finding(check="route", verdict=OK, text=text)
    beside = f"while everything else leaves through {elsewhere}" if elsewhere else "as everything else does"
    names = " or ".join(others)
    return Finding(
        check="route",
        verdict=BAD,
        text=f"Requests to {host} leave through {interface}, {beside}, from {source}, and nothing answers. "
        f"There is also {', '.join(others.values())}.",
        fix=f"IMDS answers the primary interface alone. If that is {names}, let a route to {host}/32 go through it.",
    )


def _find_interface(source: str, used: Route | None) -> str:
    """Return the interface that has the source address: `used` is of the main table, which a rule may pass over."""
    owner = next((one.interface for one in read_addresses() if one.address == source), "")
    return owner or (used.interface if used else "")


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
