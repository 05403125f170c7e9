# SPDX-License-Identifier: Apache-2.0
"""All checks in the words of Windows, which has no table of routes in a file, no cache of this program, and no root."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from azure_imds_facts.core.windows.host import AGENT_DIR
from azure_imds_facts.doctor.answer import REFUSED, check_answer, check_clock, check_throttling, check_version
from azure_imds_facts.doctor.findings import BAD, NOTE, OK, SKIPPED, Finding
from azure_imds_facts.doctor.machine import check_machine, check_proxies
from azure_imds_facts.doctor.source import check_source, find_source, is_loopback
from azure_imds_facts.doctor.surroundings import check_place

if TYPE_CHECKING:
    from azure_imds_facts.core.clock import Clock
    from azure_imds_facts.core.host import Host
    from azure_imds_facts.core.settings import Settings
    from azure_imds_facts.doctor.answer import Asked

_SIGNS = ("SMBIOS's chassis asset tag", f"{AGENT_DIR} (SMBIOS has no asset tag)")
_UNROUTED = (errno.ENETUNREACH, errno.EHOSTUNREACH)


def list_findings(settings: Settings, host: Host, asked: Asked, clock: Clock) -> list[Finding]:
    """Return what each check finds, after IMDS was asked."""
    del clock
    asked_host = urlsplit(settings.endpoint).hostname or ""
    no_place = Finding(check="surroundings", verdict=OK, text="No sign of a place without IMDS.")
    return [
        check_machine(settings, host, signs=_SIGNS),
        Finding(check="azure arc", verdict=SKIPPED, text="Its agent is not looked for on Windows."),
        check_place(asked) or no_place,
        check_route(asked_host, asked),
        check_source(asked.document, asked.local_address, host=asked_host),
        check_agent(asked),
        check_proxies(os.environ),
        check_answer(asked),
        check_throttling(asked),
        check_version(asked),
        check_clock(asked, setters="w32tm /resync"),
        Finding(check="cache", verdict=NOTE, text="None on Windows: every run makes a request of its own."),
        Finding(check="lock", verdict=SKIPPED, text="No cache, so there is no lock."),
    ]


def check_route(host: str, asked: Asked) -> Finding:
    """Say from which address requests leave; nothing is sent for it."""
    source, refusal = find_source(host)
    show = f"`Find-NetRoute -RemoteIPAddress {host}` shows the interface that is taken"
    if refusal and not asked.responses:
        reason = "There is no route" if refusal in _UNROUTED else os.strerror(refusal)
        text = f"Requests to {host} do not leave this machine. {reason.rstrip('.')}."
        fix = f"Bring the primary interface up with DHCP, which brings the route along (ipconfig /renew). {show}."
        return Finding(check="route", verdict=BAD, text=text, fix=fix)
    if is_loopback(source) or source == host:
        return Finding(check="route", verdict=OK, text=f"Requests to {host} stay on this machine.")
    if asked.responses:
        return Finding(check="route", verdict=OK, text=f"Requests to {host} leave from {source}, and are answered.")
    if not asked.failures or REFUSED in asked.failures:
        return Finding(check="route", verdict=OK, text=f"Requests to {host} leave from {source}.")
    return Finding(
        check="route",
        verdict=NOTE,
        text=f"Requests to {host} leave from {source}, and nothing answers.",
        fix=f"IMDS answers the primary interface alone. {show}; if that is another one, let a route to {host}/32 go "
        "through the primary one (route add).",
    )


def check_agent(asked: Asked) -> Finding:
    """Say whether IMDS's answer came through Azure's metadata proxy agent, a service that nothing here looks for."""
    is_seen = asked.snapshot is not None and asked.snapshot.proxy_agent
    text = "IMDS's answer came through it." if is_seen else "Not looked for; `Get-Service GuestProxyAgent` shows it."
    return Finding(check="metadata proxy agent", verdict=OK if is_seen else SKIPPED, text=text)
