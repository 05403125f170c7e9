# SPDX-License-Identifier: Apache-2.0
"""Cached answers on disk, so that all tools on a machine share one request.

Entries are redacted and count for this boot alone. A fault of the directory or a file in it costs a request and one
warning, never a wrong fact or a failure.
"""

from __future__ import annotations

import contextlib
import json
import os
import re

from . import document, errors, json_body, records, safe_files, versions
from .clock import format_time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    from .client import Answer
    from .clock import Clock
    from .reporter import Reporter
    from .settings import Settings

    T = TypeVar("T")

INSTANCE = "/metadata/instance"
# An entry is a document of at most 1 MiB, escaped, and a few lines about it.
_LIMIT = 4 << 20
# An older answer says too little about a VM that may have been resized and retagged meanwhile.
STALE_S = 86_400.0
_FORMAT = 2


# An api-version that was found without the server's list of versions is tried anew after so long.
_GUESS_S = 600.0


@records.record
class Entry:
    """A cached answer, redacted; what its fields share with `client.Answer` and `facts.Snapshot` means the same.

    Moments are seconds since boot: when it was asked for (`asked_boottime`), when its api-version was guessed, and when
    a later answer lacked the sections in `lacking`, which this one may have.
    """

    document: Any
    api_version: str | None
    fetched_at: str
    age_s: float = 0.0
    local_address: str | None = None
    proxy_agent: bool = False
    asked_boottime: float = 0.0
    guessed_boottime: float | None = None
    lacking: list[str]
    lacked_boottime: float = 0.0


_TYPES: Any = {
    "fetched_at": str,
    "local_address": (str, type(None)),
    "proxy_agent": bool,
    "asked_boottime": float,
    "guessed_boottime": (float, type(None)),
    "lacking": list,
    "lacked_boottime": float,
}


@records.record
class Key:
    """What an entry answers: `asked` is the api-version that was asked for, or `negotiated`.

    An answer of Azure Arc's service (`platform` `arc`) was trusted for its listener, one of a named endpoint was not.
    """

    platform: str = "vm"
    endpoint: str
    path: str
    asked: str
    boot_id: str

    @property
    def file_name(self) -> str:
        """The entry's file, which replaces that of an earlier boot."""
        return build_file_name(self.endpoint, f"{self.path}.{self.asked}")


def build_file_name(endpoint: str, what: str = "") -> str:
    """Return the name of a file about an endpoint, without characters that mean something in a path."""
    return re.sub("[^A-Za-z0-9.-]+", "_", endpoint.partition("://")[2] + what) + ".json"


def build_key(settings: Settings, path: str, boot_id: str | None) -> Key:
    """Return the key of the answer for a path."""
    asked = settings.api_version or "negotiated"
    return Key(platform=settings.platform, endpoint=settings.endpoint, path=path, asked=asked, boot_id=boot_id or "")


def build_entry(content: Any, answer: Answer, clock: Clock) -> Entry:
    """Return an entry of what an answer brought, redacted. Raises InvalidError as `redact` does."""
    return Entry(
        document=document.redact(content),
        api_version=answer.version,
        fetched_at=format_time(clock.time()),
        local_address=answer.local_address,
        proxy_agent=answer.proxy_agent,
        asked_boottime=answer.asked_boottime,
        lacking=[],
    )


class Cache:
    """A directory of entries. Without one (`path` None, or one that cannot be trusted) it is always empty."""

    def __init__(self, path: str | None, *, clock: Clock, reporter: Reporter) -> None:
        self._path = path if os.open in os.supports_dir_fd else None
        self._clock = clock
        self._reporter = reporter
        self._has_warned = False
        # The last file's content, parsed: a collection looks several times, and one of 1 MiB takes its time.
        self._parsed: Any = {}

    def read(self, key: Key) -> Entry | None:
        """Return this boot's entry, None without one that can be trusted."""
        content = self.read_file(key.file_name) if key.boot_id else None
        if content is None:
            return None
        try:
            stored = self._parsed.get(content)
            if not stored:
                stored = json_body.parse_json(content, most=_LIMIT, lone="\\u")  # none is written
                stored["document"] = document.redact(stored["document"])
                self._parsed = {content: stored}
            if stored["key"] != key.__dict__ or stored["format"] != _FORMAT:
                return None
            if not all(isinstance(stored[name], kinds) for name, kinds in _TYPES.items()):
                raise TypeError  # noqa: TRY301  ends as other damage does
            stored["age_s"] = self._clock.boottime() - stored["asked_boottime"]
            entry = Entry(**{name: stored[name] for name in Entry.__annotations__})
        except (KeyError, TypeError, errors.InvalidError):
            self._warn(f"{key.file_name} is not a cache entry")
            return None
        return entry if entry.age_s >= 0 else None  # from the future: not this boot's clock

    def read_findings(self, key: Key) -> tuple[str | None, float | None, list[str]]:
        """Return what this boot's answers taught: an api-version, when it was guessed, what the last answer lacked.

        No document stays in memory.
        """
        entry = self.read(key)
        self._parsed = dict.fromkeys(self._parsed)
        if not entry:
            return None, None, []
        guessed = entry.guessed_boottime
        is_old = guessed is not None and self._clock.boottime() - guessed >= _GUESS_S
        version = None if is_old or entry.api_version not in versions.KNOWN else entry.api_version
        return version, guessed if version else None, entry.lacking

    def write(self, key: Key, entry: Entry) -> None:
        """Write an answer, unless there is one that was asked for later."""
        is_forgotten = self._parsed.get(self.read_file(key.file_name), 0) is None
        present = None if is_forgotten else self.read(key)  # what was there before the request is older
        if present and present.asked_boottime > entry.asked_boottime:
            return
        stored = {"format": _FORMAT, "key": key.__dict__, **entry.__dict__}
        self.write_file(key.file_name, json.dumps(stored).encode())

    def read_file(self, name: str) -> bytes | None:
        """Return the content of a small file in the directory, None without one that can be trusted."""
        if self._path is None or not os.path.lexists(self._path):
            return None
        return self._with_directory(lambda directory: safe_files.read_file(directory, name, limit=_LIMIT))

    def write_file(self, name: str, content: bytes) -> None:
        """Replace a file in the directory as a whole, or warn."""

        def write(directory: int) -> None:
            safe_files.remove_leftovers(directory, name, now=self._clock.time())
            safe_files.write_file(directory, name, content, mode=0o600)

        self._with_directory(write)

    def open_lock(self, key: Key) -> int | None:
        """Return a descriptor on which processes that ask for a key lock each other out, None without a directory."""
        return self._with_directory(lambda directory: safe_files.open_lock_file(directory, f"{key.file_name}.lock"))

    def remove_lock(self, key: Key, descriptor: int) -> None:
        """Remove the lock file of a holder that hangs, so that the next `open_lock` makes a new one.

        A file that is no longer the descriptor's stays. The directory is locked meanwhile, for others see the same.
        """

        def remove(directory: int) -> None:
            name = f"{key.file_name}.lock"
            with contextlib.suppress(FileNotFoundError):
                if lock(directory) and os.path.samestat(os.stat(name, dir_fd=directory), os.fstat(descriptor)):
                    os.unlink(name, dir_fd=directory)

        self._with_directory(remove)

    def _with_directory(self, work: Callable[[int], T]) -> T | None:
        """Call `work` with the directory open; return None, with a warning, where it cannot be used."""
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

    def _warn(self, reason: str) -> None:
        if not self._has_warned:
            self._has_warned = True
            self._reporter.warn(
                f"The cache in {self._path} is not used: {reason}. Repair it, or name another cache_dir."
            )


def lock(descriptor: int) -> bool:
    """Return whether this process holds the lock on a file now, or the file system has no locks."""
    import fcntl  # noqa: PLC0415  absent on systems without such locks, where there is no descriptor either

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return not isinstance(error, (BlockingIOError, PermissionError))
    return True
