# SPDX-License-Identifier: Apache-2.0
"""The summary of a VM's interfaces: the primary one's addresses, and all addresses of each kind."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .records import JsonObject

# 12 hexadecimal digits, bare or in pairs with one kind of separator.
_MAC = re.compile(r"(?i)[0-9a-f]{2}([:-]?)(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}")
# Summary field, IMDS's family, IMDS's field.
_KINDS = (
    ("privateIpv4", "ipv4", "privateIpAddress"),
    ("publicIpv4", "ipv4", "publicIpAddress"),
    ("privateIpv6", "ipv6", "privateIpAddress"),
    ("publicIpv6", "ipv6", "publicIpAddress"),
)


def summarize_network(
    network: JsonObject, *, local_address: str | None, load_balancer: JsonObject | None = None
) -> dict[str, object]:
    """Return the `network` category: the interfaces as they came, and the summary in names like IMDS's.

    The order of interfaces is not guaranteed (Microsoft's page). The primary one is the one that owns
    `local_address`, from which IMDS was reached, for only the primary interface has a route there. Public addresses
    that the document leaves empty, as behind a standard load balancer, come from `load_balancer` where it is given.
    """
    listed = network.get("interface") or []
    public = _public_addresses(load_balancer or {})
    interfaces = [one for one in _objects(listed) if one]  # an empty one holds nothing
    primary = next((one for one in interfaces if _owns(one, local_address)), next(iter(_objects(listed)), {}))
    summary: dict[str, object] = {
        "interface": listed,
        "macAddress": _mac_address(primary),
        "subnetIpv4": _first_subnet(primary),
        "macAddresses": [mac for mac in map(_mac_address, interfaces) if mac],
    }
    for field, family, key in _KINDS:
        summary[field] = next(_addresses(primary, family, key, public), "")
        summary[f"{field}Addresses"] = [found for one in interfaces for found in _addresses(one, family, key, public)]
    return summary


def _entries(interface: JsonObject, family: str, key: str) -> list[JsonObject]:
    """Return the objects in a list such as `ipv4.ipAddress`, `[]` for anything else."""
    section = interface.get(family)
    return _objects(section.get(key) if isinstance(section, dict) else None)


def _objects(listed: object) -> list[JsonObject]:
    return [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []


def _addresses(interface: JsonObject, family: str, key: str, public: Mapping[str, str]) -> Iterator[str]:
    for entry in _entries(interface, family, "ipAddress"):
        address = entry.get(key)
        if not address and key == "publicIpAddress":
            address = public.get(_canonical(entry.get("privateIpAddress")))
        if address and isinstance(address, str):
            yield address


def _owns(interface: JsonObject, local_address: str | None) -> bool:
    own = _canonical(local_address)
    return bool(own) and any(
        _canonical(entry.get("privateIpAddress")) == own
        for family in ("ipv4", "ipv6")
        for entry in _entries(interface, family, "ipAddress")
    )


def _public_addresses(load_balancer: JsonObject) -> dict[str, str]:
    """Return private → public address from `publicIpAddresses`, which has IPv6 in brackets (recorded)."""
    found: dict[str, str] = {}
    for entry in _objects(load_balancer.get("publicIpAddresses")):
        private, frontend = _canonical(entry.get("privateIpAddress")), entry.get("frontendIpAddress")
        if private and isinstance(frontend, str) and frontend.strip("[]"):
            found.setdefault(private, frontend.strip("[]"))
    return found


def _canonical(address: object) -> str:
    """Return the one canonical spelling of an address, `""` for a value that is no string."""
    if not isinstance(address, str):
        return ""
    bare = address.strip("[]").partition("%")[0].lower()
    if ":" not in bare:
        return bare
    import socket  # noqa: PLC0415  a cached document of an IPv4 machine needs no sockets

    try:
        return socket.inet_ntop(socket.AF_INET6, socket.inet_pton(socket.AF_INET6, bare))
    except OSError:
        return bare


def _first_subnet(interface: JsonObject) -> str:
    first = next(iter(_entries(interface, "ipv4", "subnet")), {})
    address, prefix = first.get("address"), first.get("prefix")
    return "" if address in (None, "") or prefix in (None, "") else f"{address}/{prefix}"


def _mac_address(interface: JsonObject) -> object:
    """Return a MAC as `00:0d:3a:f8:06:ec`; IMDS writes 12 bare digits (recorded). Any other value stays as it is."""
    mac = interface.get("macAddress", "")
    if not isinstance(mac, str):
        return mac
    return ":".join(re.findall("[0-9A-Fa-f]{2}", mac)).lower() if _MAC.fullmatch(mac) else mac
