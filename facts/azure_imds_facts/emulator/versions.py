# SPDX-License-Identifier: Apache-2.0
"""The api-versions of IMDS, oldest first, and the version that introduced each endpoint.

Source: Microsoft's list for /metadata/instance (documented). Scheduled events have a list of their own (documented).
Versions are ISO dates, so they sort as text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "ATTESTED_SINCE",
    "EXTENDED_SINCE",
    "IDENTITY_SINCE",
    "INSTANCE_VERSIONS",
    "LOAD_BALANCER_SINCE",
    "SCHEDULED_EVENTS_VERSIONS",
    "find_newest",
    "list_until",
]

INSTANCE_VERSIONS: tuple[str, ...] = (
    "2017-03-01",  # a preview
    "2017-04-02",
    "2017-08-01",
    "2017-10-01",
    "2017-12-01",
    "2018-02-01",
    "2018-04-02",
    "2018-10-01",
    "2019-02-01",
    "2019-03-11",
    "2019-04-30",
    "2019-06-01",
    "2019-06-04",
    "2019-08-01",
    "2019-08-15",
    "2019-11-01",
    "2020-06-01",
    "2020-07-15",
    "2020-09-01",
    "2020-10-01",
    "2020-12-01",
    "2021-01-01",
    "2021-02-01",
    "2021-03-01",
    "2021-05-01",
    "2021-08-01",
    "2021-10-01",
    "2021-11-01",
    "2021-11-15",
    "2021-12-13",
    "2023-07-01",
    "2023-11-15",
    "2024-03-15",
    "2024-07-17",
    "2025-04-07",
)

SCHEDULED_EVENTS_VERSIONS: tuple[str, ...] = (
    "2017-03-01",  # a preview
    "2017-08-01",
    "2017-11-01",
    "2019-01-01",
    "2019-04-01",
    "2019-08-01",
    "2020-07-01",
)

IDENTITY_SINCE = "2018-02-01"  # tokens and the tenant (swagger of that version)
ATTESTED_SINCE = "2018-10-01"
LOAD_BALANCER_SINCE = "2020-10-01"
EXTENDED_SINCE = "2021-08-01"


def find_newest(versions: Sequence[str]) -> list[str]:
    """Return the three newest versions, newest first, as in `newest-versions` of an error (recorded)."""
    return sorted(versions, reverse=True)[:3]


def list_until(last: str) -> tuple[str, ...]:
    """Return the instance versions up to and including one."""
    return tuple(version for version in INSTANCE_VERSIONS if version <= last)
