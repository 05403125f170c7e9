# SPDX-License-Identifier: Apache-2.0
"""What was proven about minions, on the master's disk: one file a minion, for its owner alone, replaced as a whole."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    Record = dict[str, Any]

_MOST_BYTES = 64 * 1024


def find_directory(opts: Mapping[str, Any]) -> str:
    """Return where a master with these options keeps what was proven."""
    return os.path.join(str(opts["cachedir"]), "azure_imds_identity")


class IdentityStore:
    """The records in a directory: `minion`, `key` (the nonce that binds it), `claims`, `provenAt`."""

    def __init__(self, directory: str) -> None:
        self._directory = directory

    def write(self, minion_id: str, *, key: str, claims: Mapping[str, Any]) -> None:
        """Replace a minion's record. Raises OSError."""
        os.makedirs(self._directory, mode=0o700, exist_ok=True)
        _check_owner(os.stat(self._directory), is_directory=True)
        proven_at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        record = {"minion": minion_id, "key": key, "claims": dict(claims), "provenAt": proven_at}
        path = self._path(minion_id)
        temporary = f"{path}.{os.getpid()}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
        try:
            with os.fdopen(os.open(temporary, flags, 0o600), "w", encoding="utf-8") as file:
                json.dump(record, file)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise

    def read(self, minion_id: str) -> Record | None:
        """Return a minion's record, None without one that can be read and is this minion's."""
        record = self._read_file(self._path(minion_id))
        return record if record and record.get("minion") == minion_id else None

    def records(self) -> Iterator[Record]:
        """Yield every record."""
        try:
            names = sorted(os.listdir(self._directory))
        except OSError:
            return
        for name in names:
            record = self._read_file(os.path.join(self._directory, name)) if name.endswith(".json") else None
            if record:
                yield record

    def remove(self, minion_id: str) -> None:
        """Forget a minion."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path(minion_id))

    def _path(self, minion_id: str) -> str:
        # Ids may be longer than names of files, and differ in case alone.
        return os.path.join(self._directory, hashlib.sha256(minion_id.encode()).hexdigest() + ".json")

    @staticmethod
    def _read_file(path: str) -> Record | None:
        try:
            with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
                _check_owner(os.fstat(file.fileno()), is_directory=False)
                record = json.loads(file.read(_MOST_BYTES))
        except (OSError, ValueError, RecursionError):
            return None
        is_whole = isinstance(record, dict) and isinstance(record.get("claims"), dict)
        return record if is_whole and isinstance(record.get("key"), str) else None


def _check_owner(found: os.stat_result, *, is_directory: bool) -> None:
    """Raise PermissionError for what another user could have written."""
    is_kind = stat.S_ISDIR(found.st_mode) if is_directory else stat.S_ISREG(found.st_mode)
    if not is_kind or found.st_uid not in (0, os.geteuid()) or found.st_mode & 0o022:
        raise PermissionError("it is not for its owner alone")
