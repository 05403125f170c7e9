# SPDX-License-Identifier: Apache-2.0
"""The memory of a failure, for an adapter that must not wait for IMDS at each call."""

from __future__ import annotations

import json

from . import errors
from .cache import build_file_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .cache import Cache, Key
    from .clock import Clock

_CLASSES: dict[str, type[errors.ImdsError]] = {
    cls.outcome: cls
    for cls in (
        errors.UnreachableError,
        errors.ThrottledError,
        errors.UnavailableError,
        errors.RejectedError,
        errors.InvalidError,
    )
}
# Within so long of its first look a process heeds failures: a minion loads its grains twice as it starts, a `salt-call`
# once. What loads them later was told to.
_START_S = 10.0


class _Process:
    """What this process knows of an endpoint, in seconds since boot: the end of its first look, its last failure."""

    first: float | None = None
    failed = 0.0
    error: errors.ImdsError | None = None


# Endpoint → that.
_IN_PROCESS: dict[str, _Process] = {}


class FailureMemory:
    """The last failure of an endpoint, on disk beside the cache and in the process, forgotten after `seconds`."""

    def __init__(self, *, seconds: float) -> None:
        self._seconds = seconds
        # The collection ended with a failure that was reported before, and whether by this process.
        self.has_recalled = self.is_own = False

    def recall(self, key: Key, store: Cache, clock: Clock) -> errors.ImdsError | None:
        """Return the last failure of the key's endpoint in this boot where it is recent enough."""
        self._endpoint = key.endpoint
        self._cache = store
        self._boot_id = key.boot_id
        self._clock = clock
        self._name = f"failure.{build_file_name(key.endpoint)}"
        now = self._clock.boottime()
        process = self._process = _IN_PROCESS.setdefault(self._endpoint, _Process())
        self.is_own = process.error is not None
        moment, error = (process.failed, process.error) if process.error else (self._read() or (0.0, None))
        is_starting = process.first is None or now - process.first < _START_S
        recalled = error if is_starting and 0 <= now - moment < self._seconds else None
        self.has_recalled = recalled is not None
        if recalled and process.first is None:
            process.first = now
        return recalled

    def remember(self, failure: errors.ImdsError | None) -> None:
        """Store a failure, or forget the last one because IMDS has answered."""
        moment = self._clock.boottime()
        self._process.error, self._process.failed = failure, moment
        if self._process.first is None:
            self._process.first = moment
        if failure:
            self._store(failure, moment)
        elif self._read():
            self._cache.write_file(self._name, b"null")

    def _store(self, failure: errors.ImdsError, moment: float) -> None:
        if self._boot_id:
            stored = {
                "bootId": self._boot_id,
                "endpoint": self._endpoint,
                "boottime": moment,
                "outcome": failure.outcome,
                "problem": failure.problem,
                "hint": failure.hint,
            }
            self._cache.write_file(self._name, json.dumps(stored).encode())

    def _read(self) -> tuple[float, errors.ImdsError] | None:
        content = self._cache.read_file(self._name) if self._boot_id else None
        try:
            stored = json.loads(content or b"null")
            if stored is None or (stored["bootId"], stored["endpoint"]) != (self._boot_id, self._endpoint):
                return None
            cls = _CLASSES[stored["outcome"]]
            return float(stored["boottime"]), cls(str(stored["problem"]), hint=str(stored["hint"]))
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            return None
