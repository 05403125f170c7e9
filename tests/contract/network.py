# SPDX-License-Identifier: Apache-2.0
"""The summary of a document's interfaces (contract, section 2, `network` summary)."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Any

_MAC = re.compile(r"[0-9A-Fa-f]{2}([:-]?)[0-9A-Fa-f]{2}(?:\1[0-9A-Fa-f]{2}){4}")
_KINDS = [
    (f"{side}Ip{family}", side, family.replace("v", "ipv")) for family in ("v4", "v6") for side in ("private", "public")
]


def summarise(interfaces: list[Any], local_address: str, balanced: list[Any]) -> dict[str, Any]:
    """Sum the interfaces up. `balanced`: the load balancer's `publicIpAddresses`, empty where not gathered."""
    objects = [interface for interface in interfaces if isinstance(interface, dict)]
    primary = next((each for each in objects if _owns(each, local_address)), objects[0] if objects else {})
    summary: dict[str, Any] = {
        "interface": interfaces,
        "macAddress": respell_mac(primary.get("macAddress", "")),
        "macAddresses": [respell_mac(each["macAddress"]) for each in objects if each.get("macAddress")],
        "subnetIpv4": _read_subnet(primary),
    }
    for fact, side, family in _KINDS:
        summary[fact] = next(iter(_list_addresses(primary, side, family, balanced)), "")
        summary[f"{fact}Addresses"] = [
            address for each in objects for address in _list_addresses(each, side, family, balanced)
        ]
    return summary


def respell_mac(text: Any) -> Any:
    """Respell 12 hex digits, bare or in pairs separated by `:` or `-`; leave anything else as it came."""
    if not isinstance(text, str) or not _MAC.fullmatch(text):
        return text
    digits = re.sub("[:-]", "", text).lower()
    return ":".join(digits[start : start + 2] for start in range(0, 12, 2))


def _entries(interface: dict[str, Any], family: str, kind: str) -> list[dict[str, Any]]:
    section = interface.get(family)
    entries = section.get(kind) if isinstance(section, dict) else None
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


def _owns(interface: dict[str, Any], address: str) -> bool:
    return any(
        entry.get("privateIpAddress") == address
        for family in ("ipv4", "ipv6")
        for entry in _entries(interface, family, "ipAddress")
    )


def _read_subnet(interface: dict[str, Any]) -> str:
    first = next(iter(_entries(interface, "ipv4", "subnet")), {})
    address, prefix = first.get("address"), first.get("prefix")
    return f"{address}/{prefix}" if address and prefix else ""


def _list_addresses(interface: dict[str, Any], side: str, family: str, balanced: list[Any]) -> list[str]:
    found = []
    for entry in _entries(interface, family, "ipAddress"):
        address = entry.get(f"{side}IpAddress")
        if side == "public" and address in ("", None):  # recorded IPv6 entries lack the field
            address = _look_up(entry.get("privateIpAddress"), balanced)
        found.append(address)
    return [address for address in found if address and isinstance(address, str)]


def _look_up(private: Any, balanced: list[Any]) -> str:
    """Find the public address that a load balancer lends to a private one; brackets of IPv6 are stripped."""
    for entry in balanced:
        usable = isinstance(entry, dict) and entry.get("frontendIpAddress") and entry.get("privateIpAddress")
        if usable and _same(_strip(entry["privateIpAddress"]), private):
            return _strip(entry["frontendIpAddress"])
    return ""


def _strip(address: str) -> str:
    return address[1:-1] if address.startswith("[") and address.endswith("]") else address


def _same(one: str, other: Any) -> bool:
    try:
        return ip_address(one) == ip_address(other)
    except ValueError:
        return one == other
