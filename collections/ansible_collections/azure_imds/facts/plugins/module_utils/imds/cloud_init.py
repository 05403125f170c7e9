# SPDX-License-Identifier: Apache-2.0
"""Read the copy of the instance document that cloud-init keeps from the boot, for when IMDS cannot answer."""

from __future__ import annotations

import os
import stat

from .document import parse_json, validate_document
from .errors import InvalidError
from .limits import MAX_BODY
from .record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


@record
class Copy:
    """cloud-init's copy; `changed` is when it was written, in seconds since 1970."""

    document: dict[str, Any]
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
    except (OSError, InvalidError):
        return None
