# SPDX-License-Identifier: Apache-2.0
"""The watch of scheduled events in a minion, which stands still while its beacons run."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Any

from azure_imds_facts.core.clock import Clock
from azure_imds_facts.core.errors import ImdsError, NotAzureError
from azure_imds_facts.core.events.model import SCHEDULED, Change
from azure_imds_facts.core.events.spelling import spell_change
from azure_imds_facts.core.events.state import StateFile
from azure_imds_facts.core.events.watch import Watch, fetch_vm_name
from azure_imds_facts.salt.acknowledgements import is_acknowledged
from azure_imds_facts.salt.execution import open_events
from azure_imds_facts.salt.grain import LogReporter, build_minion_settings, open_transport
from azure_imds_facts.salt.reminders import Reminders

if TYPE_CHECKING:
    from collections.abc import Mapping

log = logging.getLogger(__name__)

_STATE = "azure_imds_events.json"
# A minion must not stand still for a second in every two: the pause after a request without any answer.
_AFTER_SILENCE_S = 5.0
# Nothing says that this machine will become an Azure VM, or its settings right.
_AFTER_NOT_AZURE_S = 60.0
# One for all instances that the loader makes of the beacon, so that a reload of beacons returns nothing twice.
_WATCHES: dict[tuple[str, bool, float], MinionWatch] = {}
REMIND_S = 60.0


def watch_for(opts: Mapping[str, Any], *, is_all: bool, remind_s: float) -> MinionWatch:
    """Return this process's watch for a minion."""
    key = (str(opts.get("id")), is_all, remind_s)
    if key not in _WATCHES:
        _WATCHES[key] = MinionWatch(opts, is_all=is_all, remind_s=remind_s)
    return _WATCHES[key]


class _OutageReporter(LogReporter):
    """A reporter for a watch, which notices the first failure, each other one and its end.

    A minion has no terminal, so these are in its log at the usual level.
    """

    def notice(self, message: str) -> None:
        """Log a warning."""
        log.warning("azure_imds_events: %s", message)


class MinionWatch:
    """The watch of a beacon from one call to the next and, by a file below the minion's cachedir, across restarts."""

    def __init__(
        self, opts: Mapping[str, Any], *, is_all: bool, remind_s: float = REMIND_S, clock: Clock | None = None
    ) -> None:
        self._opts = opts
        self._is_all = is_all
        self._clock = clock or Clock()
        self._watch: Watch | None = None
        self._vm_name: str | None = None
        self._reminders = Reminders(
            self._clock, every_s=remind_s, is_acknowledged=lambda event_id: is_acknowledged(opts, event_id)
        )
        self._resting_until = 0.0
        self._is_saved = True
        self._reported_outcome = ""

    def poll(self) -> list[dict[str, Any]]:
        """Return what changed since the last call, and what is to be told again, for the bus.

        It makes one request at the most and raises nothing.
        """
        changes = self._look()
        told = [self._spell(change) for change in changes]
        for change in changes:
            self._reminders.note(change.event)
        listed = self._watch.timeline.events if self._watch and self._watch.timeline else ()
        due = [Change(kind=SCHEDULED, event=event) for event in self._reminders.take_due(listed)]
        return told + [self._spell(change, is_reminder=True) for change in due]

    def _spell(self, change: Change, *, is_reminder: bool = False) -> dict[str, Any]:
        spelled = spell_change(change, now_s=self._clock.time(), vm_name=self._vm_name, is_reminder=is_reminder)
        return {"tag": change.event.event_type or "Unknown", **spelled}

    def _look(self) -> list[Change]:
        """Ask IMDS, unless there is a reason to wait, and return what changed."""
        if self._clock.monotonic() < self._resting_until:
            return []
        try:
            watch = self._watch = self._watch or self._begin()
        except ImdsError as error:
            self._report(error)
            self._rest(_AFTER_NOT_AZURE_S if isinstance(error, NotAzureError) else _AFTER_SILENCE_S)
            return []
        if self._reported_outcome:
            self._reported_outcome = ""
            log.warning("azure_imds_events: this VM's name is known now; watching begins")
        if not self._is_saved:
            # Only now: what the last call returned is on its way to the master. Rather twice than never.
            self._save(watch)
        started = self._clock.monotonic()
        changes = watch.poll()
        if watch.timeline is None and self._clock.monotonic() - started > 0.5:
            self._rest(_AFTER_SILENCE_S)
        self._is_saved = not changes
        return changes

    def _begin(self) -> Watch:
        name = self._vm_name = None if self._is_all else self._find_name()
        watch = Watch(
            open_events(self._opts), vm_name=name, clock=self._clock, interval_s=0.0, reporter=_OutageReporter()
        )
        watch.restore(self._read())
        return watch

    def _find_name(self) -> str:
        """Return this VM's name, from the grain or from IMDS. Raises the ImdsError of the outcome."""
        compute = (self._opts.get("grains") or {}).get("azure_imds", {}).get("compute", {})
        settings = build_minion_settings(self._opts, gather="compute")
        return str(
            compute.get("name") or fetch_vm_name(settings, open_transport=open_transport, reporter=LogReporter())
        )

    def _report(self, error: ImdsError) -> None:
        """Warn of a failure once, as long as it stays the same. Off Azure there is nothing to watch, and no failure."""
        if isinstance(error, NotAzureError):
            log.debug("azure_imds_events: %s", error)
        elif error.outcome != self._reported_outcome:
            self._reported_outcome = error.outcome
            log.warning("azure_imds_events: not watching yet (%s): %s Trying again.", error.outcome, error)

    def _rest(self, seconds: float) -> None:
        self._resting_until = self._clock.monotonic() + seconds

    def _read(self) -> object:
        try:
            file = StateFile(os.path.join(self._opts["cachedir"], _STATE))
            try:
                return file.read()
            finally:
                file.close()
        except (OSError, KeyError):
            return None

    def _save(self, watch: Watch) -> None:
        self._is_saved = True
        try:
            file = StateFile(os.path.join(self._opts["cachedir"], _STATE))
            try:
                file.write(watch.state(), durable=False)
            finally:
                file.close()
        except (OSError, KeyError) as error:
            log.warning("azure_imds_events: the state cannot be written, so a restart sends changes again: %s", error)
