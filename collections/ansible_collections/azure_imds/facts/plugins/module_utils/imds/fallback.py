# SPDX-License-Identifier: Apache-2.0
"""Older answers for when IMDS gives none: a stale one of this boot, then cloud-init's copy."""

from __future__ import annotations

import os
import stat

from . import clock, document, errors, json_body
from .cache import STALE_S, Entry
from .settings import is_azure_address

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .host import Host
    from .settings import Settings


def read_older_answers(
    settings: Settings, cached: Entry | None, host: Host, *, now: float
) -> Iterator[tuple[str, Entry]]:
    """Yield (source, entry) in the order in which they are to be tried. Nothing is asked.

    `cached`: this boot's cache entry. `now`: seconds since 1970.
    """
    if cached and cached.age_s < STALE_S:
        yield "stale", cached
    # cloud-init asked Azure's own address, in a version of its own choice.
    if is_azure_address(settings.endpoint) and not settings.api_version:
        copy, changed = read_copy(host.instance_data)
        age_s = max(0.0, now - changed)
        yield (
            "cloud-init",
            Entry(document=copy, api_version=None, fetched_at=clock.format_time(changed), age_s=age_s),
        )


def read_copy(path: str) -> tuple[object, float]:
    """Return `ds.meta_data.imds` of cloud-init's instance data, and when that was written in seconds since 1970.

    The document is None where it cannot be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            os.close(descriptor)
            return None, 0.0
        with open(descriptor, "rb") as file:
            value = document.redact(json_body.parse_json(file.read(json_body.MAX_BYTES + 1)))
    except (OSError, errors.InvalidError):
        return None, 0.0
    for name in ("ds", "meta_data", "imds"):
        value = value.get(name) if isinstance(value, dict) else None
    return value, found.st_mtime
