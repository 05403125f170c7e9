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
# Endpoint → this process's last failure, and when that was, in seconds since boot.
_IN_PROCESS: dict[str, tuple[float, errors.ImdsError]] = {}


class FailureMemory:
    """The last failure of an endpoint, on disk beside the cache and in the process, forgotten after `seconds`.

    With 0 seconds none is heeded, and what comes is still remembered for others.
    """

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
        own = _IN_PROCESS.get(self._endpoint)
        self.is_own = own is not None
        moment, error = own or self._read() or (0.0, None)
        recalled = error if 0 <= self._clock.boottime() - moment < self._seconds else None
        self.has_recalled = recalled is not None
        return recalled

    def remember(self, failure: errors.ImdsError | None) -> None:
        """Store a failure, or forget the last one because IMDS has answered."""
        if failure:
            moment = self._clock.boottime()
            _IN_PROCESS[self._endpoint] = (moment, failure)
            self._store(failure, moment)
            return
        _IN_PROCESS.pop(self._endpoint, None)
        if self._read():
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
