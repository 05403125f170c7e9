# SPDX-License-Identifier: Apache-2.0
"""The load balancer in front of the machine: its public addresses and rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

from azure_imds_facts.emulator.errors import EmulatorError, check_choice, format_choices

__all__ = ["LOAD_BALANCERS", "SECTIONS", "build_load_balancer"]

SECTIONS = ("publicIpAddresses", "inboundRules", "outboundRules", "tunnelInterfaces")
_FRONTEND_ADDRESS = "203.0.113.20"


def _build_standard(addresses: Sequence[str]) -> dict[str, Any]:
    """Build a public Standard load balancer: port 80 in front of 8080. The protocol is spelled `Tcp` (recorded)."""
    rule = {"protocol": "Tcp", "frontendPort": 80, "backendPort": 8080}
    pairs = [
        {"frontendIpAddress": frontend, "privateIpAddress": _bracket(address)}
        for address in addresses
        for frontend in [_bracket("2001:db8::20") if ":" in address else _FRONTEND_ADDRESS]
    ]
    return {
        "publicIpAddresses": pairs,
        "inboundRules": [{**pair, **rule} for pair in pairs],
        "outboundRules": [dict(pair) for pair in pairs],
    }


def _build_gateway(addresses: Sequence[str]) -> dict[str, Any]:
    """Build a Gateway load balancer with its two tunnels (documented)."""
    private = addresses[0] if addresses else "10.1.0.4"
    tunnel = {"protocol": "vxlan", "gatewayIpAddress": "10.1.0.20", "localIpAddress": private}
    ports = (("internal", 10800, 800), ("external", 10801, 801))
    return {
        "publicIpAddresses": [],
        "inboundRules": [
            {
                "frontendIpAddress": "10.1.0.20",
                "protocol": "All",
                "frontendPort": 0,
                "backendPort": 0,
                "privateIpAddress": private,
            }
        ],
        "outboundRules": [],
        "tunnelInterfaces": [
            {**tunnel, "type": side, "gatewayPort": port, "localPort": port, "identifier": number}
            for side, port, number in ports
        ],
    }


LOAD_BALANCERS = {"standard": _build_standard, "gateway": _build_gateway}


def _bracket(address: str) -> str:
    """Put IPv6 in brackets, as real responses do (recorded)."""
    return f"[{address}]" if ":" in address else address


def build_load_balancer(setting: object, document: Any) -> dict[str, Any] | None:
    """Return the content of `loadbalancer`: a profile applied to a document, or a copy of a given object.

    Raises:
        EmulatorError: the setting is neither the name of a profile nor an object of known sections.
    """
    if setting is None:
        return None
    if isinstance(setting, str):
        check_choice("load balancer", setting, LOAD_BALANCERS)
        return LOAD_BALANCERS[setting](_find_private_addresses(document))
    content = setting.get("loadbalancer", setting) if isinstance(setting, Mapping) else None
    if not isinstance(content, Mapping) or not content.keys() <= set(SECTIONS):
        raise EmulatorError(f"load balancer: expected an object with some of {format_choices(SECTIONS)}")
    return deepcopy(dict(content))


def _find_private_addresses(document: Any) -> list[str]:
    """Return the first IPv4 and the first IPv6 address of the first interface, as far as the document has them."""
    entries = (_find(document, "network", "interface", 0, kind, "ipAddress", 0) for kind in ("ipv4", "ipv6"))
    addresses = (_find(entry, "privateIpAddress") for entry in entries)
    return [address for address in addresses if isinstance(address, str) and address]


def _find(value: Any, *segments: str | int) -> Any:
    try:
        for segment in segments:
            value = value[segment]
    except (TypeError, KeyError, IndexError):
        return None
    return value
