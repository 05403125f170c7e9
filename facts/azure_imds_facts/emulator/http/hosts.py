# SPDX-License-Identifier: Apache-2.0
"""The hosts that a request may name.

A web page whose name in DNS is changed to this machine's address (DNS rebinding) could read tokens otherwise: a browser
takes the emulator for the page's own server then, and sends the page's name. IMDS itself takes any host.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from azure_imds_facts.emulator.errors import format_value

from .listener import IMDS_ADDRESS
from .response import Response, error_response

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["HostPolicy"]

_LOCALHOST = "localhost"


class HostPolicy:
    """Decides which hosts are served: addresses listened on, 169.254.169.254, loopback, and names that were allowed.

    A listener on all addresses of the machine serves any address: what is no name cannot have been rebound.
    """

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        self._allowed = {_normalize(name) for name in allowed}
        self._addresses = {ipaddress.ip_address(IMDS_ADDRESS)}
        self._is_any = False

    def add_address(self, address: str) -> None:
        """Serve an address that is listened on."""
        bound = ipaddress.ip_address(address)
        self._addresses.add(bound)
        self._is_any = self._is_any or bound.is_unspecified

    def check(self, authority: str) -> Response | None:
        """Return the refusal of a host with or without a port, None for one that is served or was not named."""
        host = _normalize(_strip_port(authority))
        if not authority or host in self._allowed or host == _LOCALHOST or host.endswith(f".{_LOCALHOST}"):
            return None
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return _refuse(authority)
        is_served = self._is_any or address.is_loopback or address in self._addresses
        return None if is_served else _refuse(authority)


def _strip_port(authority: str) -> str:
    host = authority.rpartition("@")[2].strip()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def _normalize(host: str) -> str:
    """Return a host as it is compared: DNS has no case, and a dot at the end means the same."""
    return host.lower().removesuffix(".")


def _refuse(authority: str) -> Response:
    return error_response(
        400, f"Bad request. This emulator is not the host {format_value(authority)}; --allow-host allows names"
    )
