# SPDX-License-Identifier: Apache-2.0
"""Older answers for when IMDS gives none: a stale one of this boot, then cloud-init's copy."""

from __future__ import annotations

import json
import os
import stat

from . import clock, document, errors, json_body
from .cache import STALE_S, Entry
from .settings import is_azure_address

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .host import Host
    from .reporter import Reporter
    from .settings import Settings


# cloud-init keeps more in its file than IMDS's document.
_LIMIT = 4 << 20


def read_older_answers(
    settings: Settings, cached: Entry | None, host: Host, reporter: Reporter, *, now: float
) -> Iterator[tuple[str, Entry]]:
    """Yield (source, entry) in the order in which they are to be tried. Nothing is asked.

    `cached`: this boot's cache entry. `now`: seconds since 1970. Documents are not validated.
    """
    if cached and cached.age_s < STALE_S:
        yield "stale", cached
    # cloud-init asked Azure's own address, in a version of its own choice.
    if is_azure_address(settings.endpoint) and not settings.api_version:
        try:
            copy, changed = read_copy(host.instance_data)
        except errors.InvalidError as error:
            reporter.warn(f"The copy in {host.instance_data} is not used: {error.problem}")
        except OSError:
            pass  # there is none, or not for this user
        else:
            age_s = max(0.0, now - changed)
            fetched_at = clock.format_time(changed)
            yield "cloud-init", Entry(document=copy, api_version=None, fetched_at=fetched_at, age_s=age_s, lacking=[])


def read_copy(path: str) -> tuple[object, float]:
    """Return `ds.meta_data.imds` of cloud-init's instance data, and when that was written in seconds since 1970.

    Raises InvalidError where it is no document of IMDS's size and depth, OSError where it cannot be read.
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        os.close(descriptor)
        raise OSError("it is no plain file")
    with open(descriptor, "rb") as file:
        value = json_body.parse_json(file.read(_LIMIT + 1), most=_LIMIT)
    for name in ("ds", "meta_data", "imds"):
        value = value.get(name) if isinstance(value, dict) else None
    if value is None:
        raise OSError("there is no copy")
    json_body.check_size(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())
    return document.redact(document.validate_document(value)), found.st_mtime
