# SPDX-License-Identifier: Apache-2.0
"""What stands behind an address: one machine's IMDS, with its limits, its faults and its metadata proxy agent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from azure_imds_facts.emulator.endpoints.proxy_agent import ProxyAgent

    from .faults import Faults
    from .limits import Limits
    from .request import Request
    from .response import Response

__all__ = ["Address", "Service"]

# An IP address and a port, at which a connection ended.
Address = tuple[str, int]


@dataclass(frozen=True)
class Service:
    """Answers the requests of one machine. `vm` names it in the request log of a fleet, and is empty without one."""

    respond: Callable[[Request], Response]
    limits: Limits
    faults: Faults
    agent: ProxyAgent | None = None
    vm: str = ""
