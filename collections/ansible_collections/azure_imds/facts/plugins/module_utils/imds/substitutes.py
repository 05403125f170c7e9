# SPDX-License-Identifier: Apache-2.0
"""What stands in where IMDS gives no answer: a stale one of this boot, or else cloud-init's copy from the boot."""

from __future__ import annotations

import os
import stat

from . import errors, records
from .body import parse_json
from .cache import STALE_S
from .clock import format_time
from .document import MAX_BODY, redact, validate_document
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
    copy = read_copy(collection.host.instance_data)
    if copy is None:
        return None
    try:
        return collection.snapshot(
            validate_document(redact(copy.document)),
            "cloud-init",
            api_version=None,
            fetched_at=format_time(copy.changed),
            age_s=max(0.0, collection.clock.time() - copy.changed),
        )
    except errors.InvalidError:
        return None


@records.record
class Copy:
    """cloud-init's copy; `changed` is when it was written, in seconds since 1970."""

    document: records.JsonObject
    changed: float


def read_copy(path: str) -> Copy | None:
    """Return the document at `ds.meta_data.imds` of cloud-init's instance data, None where there is none to use."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            os.close(descriptor)
            return None
        with open(descriptor, "rb") as file:
            content = file.read(MAX_BODY + 1)
        value = parse_json(content)
        for name in ("ds", "meta_data", "imds"):
            value = value.get(name) if isinstance(value, dict) else None
        return Copy(document=validate_document(value), changed=found.st_mtime)
    except (OSError, errors.InvalidError):
        return None
