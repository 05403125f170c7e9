# SPDX-License-Identifier: Apache-2.0
"""Checks of complete settings, each value of which is valid by itself, before anything is built from them."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from azure_imds_facts.emulator.errors import EmulatorError
from azure_imds_facts.emulator.vm.profiles import find_platform

if TYPE_CHECKING:
    from .table import Settings

__all__ = ["check_settings"]

# With these every time that follows from a duration is a date that can be written.
_SLOWEST, _FASTEST = 0.01, 1e6


def check_settings(settings: Settings) -> None:
    """Reject invalid settings.

    Raises:
        EmulatorError: names the setting and the allowed values.
    """
    _check_address(settings)
    if find_platform(settings.vms) == "arc":
        _check_arc(settings)
    if settings.raw and settings.document is None:
        raise EmulatorError("--raw serves a document unchanged; name one with --document")
    if not _SLOWEST <= settings.event_clock <= _FASTEST:
        raise EmulatorError(
            f"invalid event clock {settings.event_clock:g}; allowed: {_SLOWEST:g} to {_FASTEST:g}, such as 60"
        )


def _check_arc(settings: Settings) -> None:
    """Reject what a machine of Azure Arc does not have."""
    absent = {"load balancer": settings.load_balancer, "event": settings.events, "proxy agent": settings.proxy_agent}
    for what, given in absent.items():
        if given:
            raise EmulatorError(f"machine 'arc' has no {what}: Azure Arc manages machines outside Azure")


def _check_address(settings: Settings) -> None:
    try:
        address = ipaddress.ip_address(settings.bind)
    except ValueError as error:
        raise EmulatorError(f"invalid address {settings.bind!r}; expected one such as 127.0.0.1 or ::1") from error
    if not address.is_loopback and not settings.allow_remote:
        raise EmulatorError(
            f"address {settings.bind} is not loopback, and any host that can reach it gets metadata and tokens;"
            " allow it with --allow-remote"
        )
