# SPDX-License-Identifier: Apache-2.0
"""The memory of a failure, for an adapter that must not wait for IMDS at each call."""

from __future__ import annotations

import json

from . import errors
from .cache import build_file_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .cache import Cache
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
# For a process without a cache directory: endpoint → (boot-time seconds, error).
_IN_PROCESS: dict[str, tuple[float, errors.ImdsError]] = {}


class FailureMemory:
    """The last failure of an endpoint, on disk beside the cache and in the process, forgotten after `seconds`."""

    def __init__(self, *, seconds: float) -> None:
        self._seconds = seconds
        # The collection ended with a failure that was reported before.
        self.has_recalled = False

    def bind(self, endpoint: str, *, cache: Cache, boot_id: str | None, clock: Clock) -> None:
        """Set the endpoint and where its failures are stored."""
        self._endpoint = endpoint
        self._cache = cache
        self._boot_id = boot_id
        self._clock = clock
        self._name = f"failure.{build_file_name(endpoint)}"

    def recall(self) -> errors.ImdsError | None:
        """Return the failure that is still remembered."""
        moment, error = self._read() or _IN_PROCESS.get(self._endpoint) or (0.0, None)
        recalled = error if 0 <= self._clock.boottime() - moment < self._seconds else None
        self.has_recalled = recalled is not None
        return recalled

    def remember(self, error: errors.ImdsError) -> None:
        """Store a failure."""
        moment = self._clock.boottime()
        _IN_PROCESS[self._endpoint] = (moment, error)
        if self._boot_id:
            stored = {"bootId": self._boot_id, "endpoint": self._endpoint, "boottime": moment, "outcome": error.outcome}
            content = json.dumps({**stored, "problem": error.problem, "hint": error.hint}).encode()
            self._cache.write_file(self._name, content)

    def forget(self) -> None:
        """Forget the failure: IMDS has answered."""
        _IN_PROCESS.pop(self._endpoint, None)
        if self._read():
            self._cache.write_file(self._name, b"null")

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
