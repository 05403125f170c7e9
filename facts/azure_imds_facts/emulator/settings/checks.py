# SPDX-License-Identifier: Apache-2.0
"""Checks of complete settings, before anything is built from them."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from azure_imds_facts.emulator.errors import EmulatorError

from azure_imds_facts.emulator.vm.profiles import find_platform

from .validators import parse_cloud, parse_era, parse_port, parse_proxy_agent, parse_version

if TYPE_CHECKING:
    from .table import Settings

__all__ = ["check_settings"]


def check_settings(settings: Settings) -> None:
    """Reject invalid settings.

    Raises:
        EmulatorError: names the setting and the allowed values.
    """
    parse_cloud(settings.cloud)
    parse_era(settings.era)
    parse_port(str(settings.port))
    if settings.proxy_agent:
        parse_proxy_agent(settings.proxy_agent)
    for version in settings.versions or ():
        parse_version(version)
    _check_address(settings)
    if find_platform(settings.vms) == "arc":
        _check_arc(settings)
    if settings.raw and settings.document is None:
        raise EmulatorError("--raw serves a document unchanged; name one with --document")
    if settings.rate_limit < 0 or settings.identity_rate_limit < 0:
        raise EmulatorError("invalid rate limit; allowed: requests a second, or 0 for no limit")
    if settings.event_clock <= 0:
        raise EmulatorError(f"invalid event clock {settings.event_clock:g}; allowed: more than 0, such as 60")


def _check_arc(settings: Settings) -> None:
    """Reject what a machine of Azure Arc does not have."""
    absent = {"load balancer": settings.load_balancer, "event": settings.events, "proxy agent": settings.proxy_agent}
    for what, given in absent.items():
        if given:
            raise EmulatorError(f"machine 'arc' has no {what}: Azure Arc describes machines outside Azure")


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
