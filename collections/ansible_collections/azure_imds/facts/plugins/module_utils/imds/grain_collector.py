# SPDX-License-Identifier: Apache-2.0
"""The collection for Salt's grain, which is to stay: a grain that vanishes changes what a highstate does."""

from __future__ import annotations

from . import errors
from .clock import Clock, Deadline
from .collector import Collection
from .host import Host, choose_host
from .reporter import Reporter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .facts import Snapshot
    from .failure_memory import FailureMemory
    from .retry import Retrier
    from .settings import Settings
    from .transport import Transport

# These say nothing against what IMDS answered before; `invalid` does.
_SURVIVED = (*errors.TRANSIENT, errors.RejectedError)


def collect_for_grain(
    settings: Settings,
    *,
    open_transport: Callable[[], Transport],
    memory: FailureMemory,
    host: Host | None = None,
    clock: Clock | None = None,
    reporter: Reporter | None = None,
    asks_once: bool = False,
) -> Snapshot:
    """Return the machine's metadata as `collect` does, with an answer of this boot of any age where IMDS gives none.

    A failure that `memory` recalls is heeded. `asks_once`: nothing is retried. Raises the ImdsError of the outcome.
    """
    deadline = Deadline(settings.timeout, clock or Clock())
    collection = _GrainCollection(settings, open_transport, host or choose_host(), deadline, reporter or Reporter())
    collection.memory, collection.asks_once = memory, asks_once
    try:
        return collection.run()
    finally:
        collection.close()


class _GrainCollection(Collection):
    """One run."""

    memory: FailureMemory
    asks_once: bool

    def _fetch(self) -> Snapshot:
        """Return an older answer at once where IMDS failed a moment ago; else ask, or return one where that fails."""
        failure = self.memory.recall(self._key, self._cache, self._clock)
        if not failure:
            return super()._fetch()
        is_own = self.memory.is_own
        older = self._read_older(failure) if is_own else self._read_kept(failure)
        if older:
            self._reporter.notice(f"{failure} Using {older.source} facts of {older.fetched_at} instead.")
            return older
        if is_own:
            raise failure
        # Another process failed, and nothing is kept: whatever happened to it, without a question there is no grain.
        self.memory.has_recalled = False
        return super()._fetch()

    def _fetch_instance(self) -> Snapshot:
        try:
            fetched = super()._fetch_instance()
        except errors.ImdsError as error:
            self.memory.remember(error)
            raise
        self.memory.remember(None)
        return fetched

    def _read_older(self, failure: errors.ImdsError) -> Snapshot | None:
        return self._read_kept(failure) or super()._read_older(failure)

    def _read_kept(self, failure: errors.ImdsError) -> Snapshot | None:
        """Return this boot's answer, however old."""
        if not isinstance(failure, _SURVIVED) or self._settings.reveal:
            return None
        kept = self._cache.read(self._key)
        return self._check(kept, "stale") if kept else None

    def _open_retrier(self) -> Retrier:
        retrier = super()._open_retrier()
        retrier.is_patient = not self.asks_once
        return retrier
