# SPDX-License-Identifier: Apache-2.0
"""All checks, where the system is a Unix."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from azure_imds_facts.doctor.agent import check_agent
from azure_imds_facts.doctor.answer import check_answer, check_clock, check_throttling, check_version
from azure_imds_facts.doctor.arc import check_arc, find_asked
from azure_imds_facts.doctor.lock import check_lock
from azure_imds_facts.doctor.machine import check_cache, check_machine, check_proxies
from azure_imds_facts.doctor.route import check_route
from azure_imds_facts.doctor.source import check_source
from azure_imds_facts.doctor.surroundings import check_surroundings

if TYPE_CHECKING:
    from azure_imds_facts.core.clock import Clock
    from azure_imds_facts.core.host import Host
    from azure_imds_facts.core.settings import Settings
    from azure_imds_facts.doctor.answer import Asked
    from azure_imds_facts.doctor.findings import Finding


def list_findings(settings: Settings, host: Host, asked: Asked, clock: Clock) -> list[Finding]:
    """Return what each check finds, after IMDS was asked."""
    found = find_asked(settings, host)
    return [
        check_machine(settings, host),
        check_arc(settings, host),
        check_surroundings(found, asked),
        check_route(found, asked),
        check_source(asked.document, asked.local_address, host=urlsplit(found.endpoint).hostname or ""),
        check_agent(found, host, asked, clock),
        check_proxies(os.environ),
        check_answer(asked),
        check_throttling(asked),
        check_version(asked),
        check_clock(asked),
        check_cache(settings),
        check_lock(settings, clock),
    ]
