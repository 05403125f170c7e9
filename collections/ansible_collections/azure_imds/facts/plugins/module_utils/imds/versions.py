# SPDX-License-Identifier: Apache-2.0
"""The api-versions of IMDS.

The list of `/metadata/instance` is the one on Microsoft's page "Azure Instance Metadata Service" (supported API
versions), oldest first.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


# A constant: importlib.metadata would cost more than all the rest of a warm run.
VERSION = "0.1.0"


# One string rather than 35: Ansible's controller parses this file in each run.
_LISTED = """
    2017-03-01 2017-04-02 2017-08-01 2017-10-01 2017-12-01 2018-02-01 2018-04-02 2018-10-01 2019-02-01
    2019-03-11 2019-04-30 2019-06-01 2019-06-04 2019-08-01 2019-08-15 2019-11-01 2020-06-01 2020-07-15
    2020-09-01 2020-10-01 2020-12-01 2021-01-01 2021-02-01 2021-03-01 2021-05-01 2021-08-01 2021-10-01
    2021-11-01 2021-11-15 2021-12-13 2023-07-01 2023-11-15 2024-03-15 2024-07-17 2025-04-07
"""
KNOWN = tuple(_LISTED.split())
NEWEST = KNOWN[-1]
# A preview that lacks fields and that no server has to know: asked for only where a setting names it.
PREVIEW = "2017-03-01"
# What to try, in this order, where the server does not list what it knows: Azure Stack Hub and Microsoft's swagger
# have the first, late sovereign clouds the second, classic VMs the third.
FALLBACKS = ("2021-02-01", "2019-06-01", "2017-04-02")
# All that were seen in use with Azure Arc, whose agent has no such list.
ARC = ("2020-06-01", "2019-11-01", "2017-08-01")
# Platform → what to ask for first, and afterwards where there is no list.
PLATFORMS = {"vm": (NEWEST, FALLBACKS), "arc": (ARC[0], ARC)}
# Scheduled events have versions of their own, newest first (page "Scheduled Events for Linux VMs"); an instance version
# gets 404 there (recorded).
_LISTED_EVENTS = "2020-07-01 2019-08-01 2019-04-01 2019-01-01 2017-11-01 2017-08-01 2017-03-01"
SCHEDULED_EVENTS = tuple(_LISTED_EVENTS.split())


def choose_version(offered: Iterable[object], refused: Iterable[str]) -> str | None:
    """Return the newest version that both sides know and that was not refused, or None.

    The server's lists come in either order (`newest-versions` newest first, `/metadata/versions` oldest first) and hold
    versions that were never documented, so the choice rests on the order of `KNOWN`.
    """
    common = {version for version in offered if isinstance(version, str)}.intersection(KNOWN)
    return max(common.difference(refused, (PREVIEW,)), default=None)
