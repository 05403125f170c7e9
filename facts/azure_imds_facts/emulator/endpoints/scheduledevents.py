# SPDX-License-Identifier: Apache-2.0
"""The endpoint /metadata/scheduledevents. It has its own version list and is the only one that accepts POST."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from azure_imds_facts.emulator.http.response import HttpError, Response, error_response, json_response
from azure_imds_facts.emulator.versions import SCHEDULED_EVENTS_VERSIONS

from .checks import VersionPolicy, check_duplicates, check_method
from .error_responses import NOT_FOUND

if TYPE_CHECKING:
    from collections.abc import Sequence

    from azure_imds_facts.emulator.http.request import Request
    from azure_imds_facts.emulator.vm.events import EventSchedule

__all__ = ["ScheduledEventsEndpoint"]

# The status is documented, the text is the swagger's generic one.
_MALFORMED = error_response(400, "Bad request")


@dataclass(frozen=True)
class ScheduledEventsEndpoint:
    """The list of events, and their approval."""

    schedule: EventSchedule
    policy: VersionPolicy

    def respond(self, request: Request, subpath: Sequence[str]) -> Response:
        """Return the events for GET and 200 for POST. The response is delayed while the service is activated."""
        if subpath:
            raise HttpError(NOT_FOUND)
        check_method(request, "GET", "POST")
        check_duplicates(request)
        version = self._check_version(request)
        delay_s = self.schedule.activate()
        if request.method == "POST":
            return replace(self._approve(request.body), delay_s=delay_s)
        return replace(json_response(self.schedule.build_document(version)), delay_s=delay_s)

    def _check_version(self, request: Request) -> str:
        """Return the version. One of /metadata/instance gets 404 (recorded), a missing one the usual 400 (assumed)."""
        version = request.parameter("api-version")
        if version is None:
            raise HttpError(self.policy.build_rejection(None))
        if version not in SCHEDULED_EVENTS_VERSIONS:
            raise HttpError(NOT_FOUND)
        return version

    def _approve(self, body: bytes) -> Response:
        """Return 200 for known ids, even if they are sent again, and 400 for any other body (documented)."""
        event_ids = _parse_event_ids(body)
        return Response() if event_ids is not None and self.schedule.approve(event_ids) else _MALFORMED


def _parse_event_ids(body: bytes) -> list[str] | None:
    try:
        approval: Any = json.loads(body)
    except ValueError:
        return None
    start_requests = approval.get("StartRequests") if isinstance(approval, dict) else None
    if not isinstance(start_requests, list) or not start_requests:
        return None
    event_ids = [each.get("EventId") if isinstance(each, dict) else None for each in start_requests]
    return [str(each) for each in event_ids] if all(isinstance(each, str) for each in event_ids) else None
