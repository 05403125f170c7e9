# SPDX-License-Identifier: Apache-2.0
"""Remember for a while that IMDS did not answer, where each new try would make somebody wait."""

from __future__ import annotations

import json
import re

from . import errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .cache import Cache
    from .clock import Clock

_CLASSES = {
    cls.outcome: cls
    for cls in (
        errors.UnreachableError,
        errors.ThrottledError,
        errors.UnavailableError,
        errors.RejectedError,
        errors.InvalidError,
    )
}
# For a process without a cache directory: endpoint -> (boot-time seconds, error).
_IN_PROCESS: dict[str, tuple[float, errors.ImdsError]] = {}


class Failures:
    """The last failure of an endpoint, kept beside the cache and in the process, and forgotten after `seconds`."""

    def __init__(self, *, seconds: float) -> None:
        self._seconds = seconds

    def bind(self, endpoint: str, *, cache: Cache, boot_id: str | None, clock: Clock) -> None:
        """Say whose failures, and where they are kept."""
        self._endpoint = endpoint
        self._cache = cache
        self._boot_id = boot_id
        self._clock = clock
        self._name = "failure." + re.sub("[^A-Za-z0-9.-]+", "_", endpoint[7:]) + ".json"

    def recall(self) -> errors.ImdsError | None:
        """Return the failure that is still remembered."""
        moment, error = self._read() or _IN_PROCESS.get(self._endpoint) or (0.0, None)
        return error if 0 <= self._clock.boottime() - moment < self._seconds else None

    def remember(self, error: errors.ImdsError) -> None:
        """Keep a failure."""
        moment = self._clock.boottime()
        _IN_PROCESS[self._endpoint] = (moment, error)
        if self._boot_id:
            kept = {"bootId": self._boot_id, "endpoint": self._endpoint, "boottime": moment, "outcome": error.outcome}
            self._cache.write_file(
                self._name, json.dumps({**kept, "problem": error.problem, "hint": error.hint}).encode()
            )

    def forget(self) -> None:
        """Forget the failure: IMDS has answered."""
        _IN_PROCESS.pop(self._endpoint, None)
        if self._read():
            self._cache.write_file(self._name, b"null")

    def _read(self) -> tuple[float, errors.ImdsError] | None:
        content = self._cache.read_file(self._name) if self._boot_id else None
        try:
            kept = json.loads(content or b"null")
            if kept is None or (kept["bootId"], kept["endpoint"]) != (self._boot_id, self._endpoint):
                return None
            return float(kept["boottime"]), _CLASSES[kept["outcome"]](str(kept["problem"]), hint=str(kept["hint"]))
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            return None
