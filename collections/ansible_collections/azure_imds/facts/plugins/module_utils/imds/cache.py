# SPDX-License-Identifier: Apache-2.0
"""Keep answers on disk, so that all tools on a machine share one request.

What is kept is redacted, and counts for this boot alone. Whatever is wrong with the directory or a file in it costs a
request and one warning, never a wrong fact or a failure.
"""

from __future__ import annotations

import json
import os
import re

from . import document, errors, records, safe_files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    from . import clock

    T = TypeVar("T")

# An entry is a document of at most 1 MiB, escaped, and a few lines about it.
_LIMIT = 4 * document.MAX_BODY
# A stale answer older than this says too little about a VM that may have been resized and retagged meanwhile.
STALE_S = 24 * 3600.0
_FORMAT = 1


@records.record
class Entry:
    """An answer as it was kept: `age_s` seconds since it came, `asked` the api-version asked for or `negotiated`."""

    document: Any
    api_version: str | None
    fetched_at: str
    age_s: float = 0.0
    local_address: str | None = None


@records.record
class Key:
    """What an entry answers: there is one for each endpoint, path, asked api-version and boot."""

    endpoint: str
    path: str
    asked: str
    boot_id: str

    @property
    def file_name(self) -> str:
        """The entry's file; of an earlier boot's entry nothing is left once this one is written."""
        return re.sub("[^A-Za-z0-9.-]+", "_", f"{self.endpoint[7:]}{self.path}.{self.asked}") + ".json"


class Cache:
    """A directory of entries. Without one (`path` None, or one that cannot be trusted) it holds nothing."""

    def __init__(self, path: str | None, *, clock: clock.Clock, reporter: errors.Reporter) -> None:
        self._path = path if os.open in os.supports_dir_fd else None
        self._clock = clock
        self._reporter = reporter
        self._has_warned = False

    def read(self, key: Key) -> Entry | None:
        """Return this boot's entry, None where there is none that can be trusted."""
        content = self.read_file(key.file_name)
        if content is None:
            return None
        try:
            stored = json.loads(content)
            if stored["key"] != key.__dict__ or stored["format"] != _FORMAT:
                return None
            if b"\\ud" in content.lower():
                # Raises for a lone surrogate, which no entry of ours holds.
                json.dumps(stored, ensure_ascii=False).encode()
            age_s = self._clock.boottime() - float(stored["fetched_boottime"])
            local_address = stored["local_address"]
            entry = Entry(
                document=document.redact(stored["document"]),
                api_version=stored["api_version"],
                fetched_at=str(stored["fetched_at"]),
                age_s=age_s,
                local_address=local_address if isinstance(local_address, str) else None,
            )
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError, errors.InvalidError):
            self._warn(f"{key.file_name} is not an entry of ours")
            return None
        return entry if age_s >= 0 else None  # from the future: not this boot's clock

    def write(self, key: Key, entry: Entry) -> None:
        """Keep an answer, redacted. A partial document never replaces a whole one."""
        if key.path == "/metadata/instance" and document.is_partial(entry.document) and self._has_whole(key):
            return
        stored = {
            "format": _FORMAT,
            "key": key.__dict__,
            "fetched_boottime": self._clock.boottime() - entry.age_s,
            **records.replace(entry, document=document.redact(entry.document)).__dict__,
        }
        self.write_file(key.file_name, json.dumps(stored).encode())

    def read_file(self, name: str) -> bytes | None:
        """Return the content of a small file of ours in the directory, None where there is none to trust."""
        if self._path is None or not os.path.lexists(self._path):
            return None
        return self._inside(lambda directory: safe_files.read_file(directory, name, limit=_LIMIT))

    def write_file(self, name: str, content: bytes) -> None:
        """Write a file of ours into the directory as a whole, or warn."""

        def write(directory: int) -> None:
            safe_files.remove_leftovers(directory, name, now=self._clock.time())
            safe_files.write_file(directory, name, content, mode=0o600)

        self._inside(write)

    def open_lock(self, key: Key) -> int | None:
        """Return a descriptor on which those who ask for this key lock each other out, None where there can be none."""
        return self._inside(lambda directory: safe_files.open_lock_file(directory, f"{key.file_name}.lock"))

    def _inside(self, work: Callable[[int], T]) -> T | None:
        """Do something with the directory open; return None, with a warning, where it cannot be used."""
        if self._path is None:
            return None
        try:
            directory = safe_files.open_private_directory(self._path)
            try:
                return work(directory)
            finally:
                os.close(directory)
        except OSError as error:
            named = f": {error.filename}" if error.filename else ""
            self._warn(f"{error.strerror}{named}" if error.strerror else str(error))
            return None

    def _has_whole(self, key: Key) -> bool:
        entry = self.read(key)
        return entry is not None and isinstance(entry.document, dict) and not document.is_partial(entry.document)

    def _warn(self, reason: str) -> None:
        if not self._has_warned:
            self._has_warned = True
            self._reporter.warn(
                f"The cache in {self._path} is not used: {reason}. Mend that, or name another cache_dir."
            )
