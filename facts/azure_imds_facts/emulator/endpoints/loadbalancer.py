# SPDX-License-Identifier: Apache-2.0
"""/metadata/loadbalancer, since 2020-10-01: the public addresses and rules of the load balancer in front."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from azure_imds_facts.emulator.errors import EmulatorError, choices
from azure_imds_facts.emulator.http.response import Answer, RefusalError, error, json_answer, text_answer
from azure_imds_facts.emulator.versions import LOAD_BALANCER_SINCE

if TYPE_CHECKING:
    from azure_imds_facts.emulator.http.request import Asked

    from .endpoint import VersionGate

__all__ = ["LOAD_BALANCERS", "LoadBalancerEndpoint", "build_load_balancer"]

_TUNNELS_SINCE = "2021-01-01"
_SECTIONS = ("publicIpAddresses", "inboundRules", "outboundRules", "tunnelInterfaces")
# Letter by letter as recorded and documented.
_NONE = error(
    404,
    "No load balancer metadata is found. Please check if your VM is using any non-basic SKU load balancer and"
    " retry later.",
)
_FRONT = "203.0.113.20"


def _standard(addresses: Sequence[str]) -> dict[str, Any]:
    """A public Standard load balancer: port 80 in front of 8080. Protocols are spelled `Tcp` (recorded)."""
    rule = {"protocol": "Tcp", "frontendPort": 80, "backendPort": 8080}
    pairs = [
        {"frontendIpAddress": front, "privateIpAddress": _bracket(address)}
        for address in addresses
        for front in [_bracket("2001:db8::20") if ":" in address else _FRONT]
    ]
    return {
        "publicIpAddresses": pairs,
        "inboundRules": [{**pair, **rule} for pair in pairs],
        "outboundRules": [dict(pair) for pair in pairs],
    }


def _gateway(addresses: Sequence[str]) -> dict[str, Any]:
    """A Gateway load balancer with its two tunnels (documented)."""
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


LOAD_BALANCERS = {"standard": _standard, "gateway": _gateway}


def _bracket(address: str) -> str:
    """IPv6 is in brackets in real answers (recorded)."""
    return f"[{address}]" if ":" in address else address


def build_load_balancer(given: object, document: Any) -> dict[str, Any] | None:
    """Return what stands inside `loadbalancer`: a profile for a machine's document, or what was given.

    Raises:
        EmulatorError: it is neither a profile's name nor an object of the sections that there are.
    """
    if given is None:
        return None
    if isinstance(given, str):
        if given not in LOAD_BALANCERS:
            raise EmulatorError(f"unknown load balancer {given!r}; allowed: {choices(LOAD_BALANCERS)}")
        return LOAD_BALANCERS[given](_private_addresses(document))
    inner = given.get("loadbalancer", given) if isinstance(given, Mapping) else None
    if not isinstance(inner, Mapping) or not inner.keys() <= set(_SECTIONS):
        raise EmulatorError(f"load balancer: expected an object with some of {choices(_SECTIONS)}")
    return deepcopy(dict(inner))


def _private_addresses(document: Any) -> list[str]:
    """The first interface's first address of each kind; none where the document is too odd to have them."""
    entries = (_find(document, "network", "interface", 0, kind, "ipAddress", 0) for kind in ("ipv4", "ipv6"))
    addresses = (_find(entry, "privateIpAddress") for entry in entries)
    return [address for address in addresses if isinstance(address, str) and address]


def _find(value: Any, *steps: str | int) -> Any:
    try:
        for step in steps:
            value = value[step]
    except (TypeError, KeyError, IndexError):
        return None
    return value


@dataclass(frozen=True)
class LoadBalancerEndpoint:
    """`balancer` None: the machine is behind none. The error texts are the endpoint's own (documented)."""

    balancer: Mapping[str, Any] | None
    gate: VersionGate

    def answer(self, asked: Asked, rest: Sequence[str]) -> Answer:
        """Answer `{"loadbalancer":{…}}`, or 404 where there is none."""
        self._check(asked, rest)
        version = self.gate.check(asked, since=LOAD_BALANCER_SINCE)
        if self.balancer is None:
            return _NONE
        shown = {name: self.balancer[name] for name in _SECTIONS if name in self.balancer}
        if version < _TUNNELS_SINCE:
            shown.pop("tunnelInterfaces", None)
        return json_answer({"loadbalancer": shown})

    def _check(self, asked: Asked, rest: Sequence[str]) -> None:
        place = f'Path = "{asked.path}", Method = "{asked.method}"'
        if rest:
            raise RefusalError(text_answer(f"API is not found: {place}", status=404))
        if asked.method != "GET":
            raise RefusalError(text_answer(f"Http method is not allowed: {place}", status=405))
        if asked.get("api-version") is None:
            _refuse('Missing required parameter "api-version". Please fix the request and retry.')
        if asked.has_duplicates() or not {name for name, _ in asked.pairs} <= {"api-version", "format"}:
            _refuse("Unexpected request. Please check the query parameters and retry.")
        value = asked.get("format")
        if value is not None and not re.fullmatch("(?i)json", value):
            _refuse(
                f'Parameter value is not allowed, or parameter value "{value}" is not allowed for parameter'
                ' "format". Please fix the request and retry.'
            )


def _refuse(text: str) -> None:
    raise RefusalError(text_answer(text, status=400))
