# SPDX-License-Identifier: Apache-2.0
"""Watch scheduled events for a minion, which stands still while its beacons run."""

from __future__ import annotations

import json
import logging
import os
from typing import TYPE_CHECKING, Any

from azure_imds_facts.core.clock import Clock
from azure_imds_facts.core.errors import ImdsError, NotAzureError, UnavailableError
from azure_imds_facts.core.event_watch import Watch
from azure_imds_facts.core.events import spell_change
from azure_imds_facts.core.safe_files import open_directory, read_file, write_file
from azure_imds_facts.salt.asking import collect_facts, open_events
from azure_imds_facts.salt.collecting import LogReporter

if TYPE_CHECKING:
    from collections.abc import Mapping

log = logging.getLogger(__name__)

_STATE = "azure_imds_events.json"
_STATE_LIMIT = 4 * 1024 * 1024
# A minion must not stand still for a second in every two: after a request without any answer it is left alone so long.
_AFTER_SILENCE_S = 5.0
# Nothing says that this machine will become an Azure VM, or its settings right.
_AFTER_NOT_AZURE_S = 60.0
# Once for all that the loader makes of the beacon: after a reload of beacons nothing is told twice.
_WATCHES: dict[tuple[str, bool], MinionWatch] = {}


def watch_for(opts: Mapping[str, Any], *, is_all: bool) -> MinionWatch:
    """Return this process's watch for a minion."""
    key = (str(opts.get("id")), is_all)
    if key not in _WATCHES:
        _WATCHES[key] = MinionWatch(opts, is_all=is_all)
    return _WATCHES[key]


class MinionWatch:
    """What a beacon remembers from one call to the next and, in a file below the minion's cachedir, across restarts."""

    def __init__(self, opts: Mapping[str, Any], *, is_all: bool, clock: Clock | None = None) -> None:
        self._opts = opts
        self._is_all = is_all
        self._clock = clock or Clock()
        self._watch: Watch | None = None
        self._resting_until = 0.0
        self._is_saved = True

    def poll(self) -> list[dict[str, Any]]:
        """Return what changed since the last call, for the bus. It makes one request at the most and raises nothing."""
        if self._clock.monotonic() < self._resting_until:
            return []
        try:
            watch = self._watch = self._watch or self._begin()
        except ImdsError as error:
            log.debug("azure_imds_events: %s: %s", error.outcome, error)
            self._rest(_AFTER_NOT_AZURE_S if isinstance(error, NotAzureError) else _AFTER_SILENCE_S)
            return []
        if not self._is_saved:
            # Only now: what the last call returned is on its way to the master. Rather told twice than never.
            self._save(watch)
        started = self._clock.monotonic()
        changes = watch.poll()
        if watch.timeline is None and self._clock.monotonic() - started > 0.5:
            self._rest(_AFTER_SILENCE_S)
        self._is_saved = not changes
        return [{"tag": change.event.event_type or "Unknown", **spell_change(change)} for change in changes]

    def _begin(self) -> Watch:
        name = None if self._is_all else self._find_name()
        watch = Watch(open_events(self._opts), vm_name=name, clock=self._clock, interval_s=0.0, reporter=LogReporter())
        watch.restore(self._read())
        return watch

    def _find_name(self) -> str:
        """Return what IMDS calls this VM. Raises the ImdsError of the outcome."""
        compute = (self._opts.get("grains") or {}).get("azure_imds", {}).get("compute", {})
        name = compute.get("name") or collect_facts(self._opts, gather="compute")["compute"].get("name")
        if not name:
            raise UnavailableError("IMDS tells no name of this VM yet.", hint="It is asked again.")
        return str(name)

    def _rest(self, seconds: float) -> None:
        self._resting_until = self._clock.monotonic() + seconds

    def _read(self) -> object:
        try:
            directory = open_directory(self._opts["cachedir"])
            try:
                return json.loads(read_file(directory, _STATE, limit=_STATE_LIMIT) or b"null")
            finally:
                os.close(directory)
        except (OSError, KeyError, ValueError, RecursionError):
            return None

    def _save(self, watch: Watch) -> None:
        self._is_saved = True
        try:
            directory = open_directory(self._opts["cachedir"])
            try:
                write_file(directory, _STATE, json.dumps(watch.state()).encode(), mode=0o600)
            finally:
                os.close(directory)
        except (OSError, KeyError) as error:
            log.warning("azure_imds_events: what was told cannot be kept, so a restart tells it again: %s", error)
