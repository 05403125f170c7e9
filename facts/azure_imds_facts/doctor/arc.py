# SPDX-License-Identifier: Apache-2.0
"""Check Azure Arc's agent: whether it is installed and asked, and whether what listens at its address is its own."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from azure_imds_facts.core.errors import NotAzureError
from azure_imds_facts.core.host import ARC_ENDPOINT, find_imds
from azure_imds_facts.core.records import replace
from azure_imds_facts.core.settings import ARC, DISABLED
from azure_imds_facts.doctor.findings import BAD, NOTE, OK, SKIPPED, Finding

if TYPE_CHECKING:
    from azure_imds_facts.core.host import Host
    from azure_imds_facts.core.settings import Settings

_MEND = (
    "`ss -ltnp 'sport = :40342'` names the program: end it, and start the agent (systemctl restart himdsd; azcmagent "
    "show says how it is)."
)


def find_asked(settings: Settings, host: Host) -> Settings:
    """Return the settings with the endpoint that is asked on this machine, or would be if it were Azure's."""
    try:
        return find_imds(settings, host)[0]
    except NotAzureError:
        return settings


def name_sign(settings: Settings, host: Host) -> str:
    """Return by which sign the agent counts as installed, left alone or not, `""` where it does not."""
    if os.path.exists(host.arc_agent):
        return host.arc_agent
    return "the variables IMDS_ENDPOINT and IDENTITY_ENDPOINT" if settings.arc else ""


def check_arc(settings: Settings, host: Host) -> Finding:
    """Say whether Azure Arc's agent is asked, and if not, why."""
    sign = name_sign(settings, host)
    if not sign:
        return Finding(check="azure arc", verdict=OK, text="Its agent is not installed.")
    installed = f"Its agent is installed, by {sign}"
    if find_asked(settings, host).platform == "arc":
        return _check_listener(installed, host)
    if settings.is_disabled:
        return Finding(check="azure arc", verdict=SKIPPED, text=f"{installed}, and not asked: {DISABLED} is set.")
    if settings.arc is None:
        fix = f"Unset {ARC} to have facts of Azure Arc."
        return Finding(check="azure arc", verdict=NOTE, text=f"{installed}, and left alone for {ARC}.", fix=fix)
    if find_asked(replace(settings, detect="auto"), host).platform == "arc":
        text = f"{installed}, and not asked: detect is skip."
    elif settings.detect == "skip":
        text = f"{installed}, and not asked: an endpoint is named."
    else:
        text = f"{installed}, and not asked: DMI says that this is an Azure VM, or an endpoint is named."
    return Finding(check="azure arc", verdict=SKIPPED, text=text)


def _check_listener(installed: str, host: Host) -> Finding:
    problem = host.describe_stranger()
    where = ARC_ENDPOINT.partition("://")[2]
    if problem:
        text = f"{installed}, and not asked at {where}: {problem}."
        return Finding(check="azure arc", verdict=BAD, text=text, fix=_MEND)
    text = f"{installed}, and what listens at {where} is root's or its own."
    return Finding(check="azure arc", verdict=OK, text=text)
