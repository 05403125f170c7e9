# SPDX-License-Identifier: Apache-2.0
"""What stands in where IMDS gives no answer: a stale one of this boot, or else cloud-init's copy from the boot."""

from __future__ import annotations

import os
import stat

from . import errors
from .body import parse_json
from .cache import STALE_S, Entry
from .clock import format_time
from .document import MAX_BODY, redact
from .settings import DEFAULT_ENDPOINT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from . import collector, facts


def read_substitute(collection: collector.Collection) -> facts.Snapshot | None:
    """Return an older answer, None where there is none to use: nothing is asked."""
    settings = collection.settings
    stale = collection.read_kept("stale", max_age_s=STALE_S)
    # cloud-init asked Azure's own address, for a version of its own choice.
    if stale or settings.endpoint != DEFAULT_ENDPOINT or settings.api_version:
        return stale
    return _from_cloud_init(collection)


def _from_cloud_init(collection: collector.Collection) -> facts.Snapshot | None:
    copy, changed = read_copy(collection.host.instance_data)
    age_s = max(0.0, collection.clock.time() - changed)
    entry = Entry(document=copy, api_version=None, fetched_at=format_time(changed), age_s=age_s)
    return collection.use(entry, "cloud-init")


def read_copy(path: str) -> tuple[object, float]:
    """Return what stands at `ds.meta_data.imds` of cloud-init's instance data, and when that was written.

    The document is None where there is none to read; the time is in seconds since 1970.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            os.close(descriptor)
            return None, 0.0
        with open(descriptor, "rb") as file:
            value = redact(parse_json(file.read(MAX_BODY + 1)))
    except (OSError, errors.InvalidError):
        return None, 0.0
    for name in ("ds", "meta_data", "imds"):
        value = value.get(name) if isinstance(value, dict) else None
    return value, found.st_mtime
