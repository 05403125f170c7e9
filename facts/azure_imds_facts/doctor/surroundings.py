# SPDX-License-Identifier: Apache-2.0
"""Check for places where there is no IMDS for good, and for what keeps this process from it."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from azure_imds_facts.core.statuses import HINT_PROXY, describe_surroundings
from azure_imds_facts.doctor.findings import BAD, NOTE, OK, Finding
from azure_imds_facts.doctor.source import find_source

if TYPE_CHECKING:
    from azure_imds_facts.core.settings import Settings
    from azure_imds_facts.doctor.answer import Asked

# Of systemd 261 or later, whose lock is a route that lets nobody else ask.
_IMDSD = "/run/systemd/io.systemd.InstanceMetadata"
_UNLOCK = (
    "Its lock is a prohibit route (`ip -4 route show table all` shows it), and lets systemd alone ask IMDS: switch it "
    "off, or leave this program out."
)


def check_surroundings(settings: Settings, asked: Asked, *, imdsd: str = _IMDSD) -> Finding:
    """Name the place, where a sign shows that it has no IMDS, or that something keeps others from it."""
    place = check_place(asked)
    if place is not None:
        return place
    is_prohibited = find_source(urlsplit(settings.endpoint).hostname or "")[1] == errno.EACCES
    if is_prohibited or os.path.exists(imdsd):
        sign = imdsd if os.path.exists(imdsd) else "a prohibit route"
        text = f"systemd-imdsd may guard IMDS here, by {sign}."
        return Finding(check="surroundings", verdict=BAD if is_prohibited else NOTE, text=text, fix=_UNLOCK)
    text = "No sign of a place without IMDS, or of another who guards it."
    return Finding(check="surroundings", verdict=OK, text=text)


def check_place(asked: Asked) -> Finding | None:
    """Name the place where a sign shows that it has no IMDS, else return None."""
    error = asked.error
    if error is not None and error.hint == HINT_PROXY:
        text = "A proxy refused in words of its own, as Docker Desktop's does in a container."
        fix = "Nothing mends that: there is no IMDS behind it."
        return Finding(check="surroundings", verdict=BAD, text=text, fix=fix)
    place = "" if error is None else describe_surroundings()
    if place:
        return Finding(check="surroundings", verdict=BAD, text="There are signs of a place without IMDS.", fix=place)
    return None
