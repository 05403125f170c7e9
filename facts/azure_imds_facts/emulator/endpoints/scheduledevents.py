# SPDX-License-Identifier: Apache-2.0
"""/metadata/scheduledevents: the endpoint with a version list of its own, and the only one that takes a POST."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from azure_imds_facts.emulator.http.response import NOT_FOUND, Answer, RefusalError, error, json_answer
from azure_imds_facts.emulator.versions import SCHEDULED_EVENTS_VERSIONS

from .endpoint import VersionGate, refuse_method
from .instance import refuse_duplicates

if TYPE_CHECKING:
    from collections.abc import Sequence

    from azure_imds_facts.emulator.http.request import Asked
    from azure_imds_facts.emulator.vm.events import Events

__all__ = ["ScheduledEventsEndpoint"]

# That such requests are refused is documented; the text is the swagger's generic one.
_MALFORMED = error(400, "Bad request")


@dataclass(frozen=True)
class ScheduledEventsEndpoint:
    """Lists events and takes their approval."""

    events: Events
    gate: VersionGate

    def answer(self, asked: Asked, rest: Sequence[str]) -> Answer:
        """Answer GET with the events, held back where the service has to be switched on, and POST with 200."""
        if rest:
            raise RefusalError(NOT_FOUND)
        refuse_method(asked, "GET", "POST")
        refuse_duplicates(asked)
        version = self._check_version(asked)
        delay_s = self.events.wake()
        if asked.method == "POST":
            return replace(self._approve(asked.body), delay_s=delay_s)
        return replace(json_answer(self.events.show(version)), delay_s=delay_s)

    def _check_version(self, asked: Asked) -> str:
        """An instance's version gets 404 here (recorded); none at all the usual 400 (assumed)."""
        version = asked.get("api-version")
        if version is None:
            raise RefusalError(self.gate.refuse(None))
        if version not in SCHEDULED_EVENTS_VERSIONS:
            raise RefusalError(NOT_FOUND)
        return version

    def _approve(self, body: bytes) -> Answer:
        """200 for ids that are known, also when they are sent again; 400 for any other body (documented)."""
        ids = _read_ids(body)
        return Answer() if ids is not None and self.events.approve(ids) else _MALFORMED


def _read_ids(body: bytes) -> list[str] | None:
    try:
        parsed: Any = json.loads(body)
    except ValueError:
        return None
    requests = parsed.get("StartRequests") if isinstance(parsed, dict) else None
    if not isinstance(requests, list) or not requests:
        return None
    ids = [request.get("EventId") if isinstance(request, dict) else None for request in requests]
    return [str(event_id) for event_id in ids] if all(isinstance(event_id, str) for event_id in ids) else None
