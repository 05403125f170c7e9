# SPDX-License-Identifier: Apache-2.0
"""What stands in where IMDS gives no answer: a stale one of this boot, or else cloud-init's copy from the boot."""

from __future__ import annotations

import os
import stat

from . import body, cache, clock, document, errors, settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from . import collector, facts


def read_substitute(collection: collector.Collection) -> facts.Snapshot | None:
    """Return an older answer, None where there is none to use: nothing is asked."""
    chosen = collection.settings
    stale = collection.read_kept("stale", max_age_s=cache.STALE_S)
    # cloud-init asked Azure's own address, for a version of its own choice.
    if stale or chosen.endpoint != settings.DEFAULT_ENDPOINT or chosen.api_version:
        return stale
    return _from_cloud_init(collection)


def _from_cloud_init(collection: collector.Collection) -> facts.Snapshot | None:
    copy, changed = read_copy(collection.host.instance_data)
    age_s = max(0.0, collection.clock.time() - changed)
    entry = cache.Entry(document=copy, api_version=None, fetched_at=clock.format_time(changed), age_s=age_s)
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
            value = document.redact(body.parse_json(file.read(document.MAX_BODY + 1)))
    except (OSError, errors.InvalidError):
        return None, 0.0
    for name in ("ds", "meta_data", "imds"):
        value = value.get(name) if isinstance(value, dict) else None
    return value, found.st_mtime
