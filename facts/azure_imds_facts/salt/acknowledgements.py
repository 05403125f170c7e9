# SPDX-License-Identifier: Apache-2.0
"""Which events are being dealt with: a file each below the minion's cachedir, that the first to acknowledge one makes.

Each master's job is a process of its own, and so is the beacon.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import sys
from typing import TYPE_CHECKING, Any

from azure_imds_facts.core.errors import UsageError
from azure_imds_facts.core.reporter import printable
from azure_imds_facts.core.safe_files import open_private_directory

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

log = logging.getLogger(__name__)

_FOLDER = "azure_imds_acknowledged"
# As IMDS's ids are (core `events/model.py`): the name of a file is made of one.
_ID = re.compile(r"[0-9A-Za-z._-]{1,128}")
# An event is over in a quarter of an hour or some days; then its file is of no use.
_MOST = 1000


def acknowledge(opts: Mapping[str, Any], event_id: str) -> bool:
    """Note that an event is being dealt with; return False where that was noted already. Raises UsageError."""
    name = _name_file(event_id)
    if sys.platform == "win32":
        raise UsageError("Nothing can be noted on Windows, whose minions have no beacon either.")
    try:
        with _open(opts) as folder:
            try:
                os.close(os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600, dir_fd=folder))
            except FileExistsError:
                return False
            _remove_oldest(folder)
    except (OSError, KeyError) as error:
        # Rather a second drain than none.
        log.warning("azure_imds: that %s is acknowledged cannot be noted: %s", event_id, error)
    return True


def is_acknowledged(opts: Mapping[str, Any], event_id: str) -> bool:
    """Return whether somebody deals with an event."""
    try:
        name = _name_file(event_id)
        with _open(opts) as folder:
            os.stat(name, dir_fd=folder, follow_symlinks=False)
    except (OSError, KeyError, UsageError):
        return False
    return True


def _name_file(event_id: str) -> str:
    event_id = str(event_id).strip()
    if not _ID.fullmatch(event_id):
        raise UsageError(f"{printable(event_id)!r} is no event's id.", hint="azure_imds.events lists those there are.")
    return f"event.{event_id.lower()}"


@contextlib.contextmanager
def _open(opts: Mapping[str, Any]) -> Iterator[int]:
    folder = open_private_directory(os.path.join(opts["cachedir"], _FOLDER))
    try:
        yield folder
    finally:
        os.close(folder)


def _remove_oldest(folder: int) -> None:
    names = os.listdir(folder)
    if len(names) <= _MOST:
        return
    ages = sorted((os.stat(name, dir_fd=folder, follow_symlinks=False).st_mtime, name) for name in names)
    for _age, name in ages[: len(names) - _MOST]:
        os.unlink(name, dir_fd=folder)
