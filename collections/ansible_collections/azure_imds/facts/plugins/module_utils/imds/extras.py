# SPDX-License-Identifier: Apache-2.0
"""The endpoints beside `/metadata/instance` that can be gathered, and what of their answers becomes a category."""

from __future__ import annotations

from .errors import InvalidError
from .record import record
from .versions import SCHEDULED_EVENTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


@record
class Extra:
    """One endpoint: `name` in `gather`, `category` among the facts.

    `version`: its own api-version where it does not share the instance's; `parse` raises InvalidError.
    """

    name: str
    category: str
    path: str
    parse: Callable[[Any], dict[str, Any]]
    version: str | None = None
    is_cached: bool = True


def parse_load_balancer(answer: Any) -> dict[str, Any]:
    """Return the object inside `loadbalancer`. Raises InvalidError where there is none."""
    inside = answer.get("loadbalancer") if isinstance(answer, dict) else None
    if not isinstance(inside, dict):
        raise InvalidError("The answer has no object `loadbalancer` in it.")
    return inside


def parse_identity(answer: Any) -> dict[str, Any]:
    """Return the tenant's id, and nothing else that may stand beside it. Raises InvalidError where there is none."""
    tenant_id = answer.get("tenantId") if isinstance(answer, dict) else None
    if not isinstance(tenant_id, str):
        raise InvalidError("The answer has no string `tenantId` in it.")
    return {"tenantId": tenant_id}


def parse_scheduled_events(answer: Any) -> dict[str, Any]:
    """Return the document of scheduled events as it is. Raises InvalidError where it lacks the list of events."""
    if not isinstance(answer, dict) or not isinstance(answer.get("Events"), list):
        raise InvalidError("The answer has no list `Events` in it.")
    return answer


EXTRAS = (
    Extra(name="load_balancer", category="loadBalancer", path="/metadata/loadbalancer", parse=parse_load_balancer),
    # The token endpoint next door is never asked: access tokens are no facts.
    Extra(name="identity", category="identity", path="/metadata/identity/info", parse=parse_identity),
    # Never cached: an event may start any second. The first request ever switches the service on for this VM.
    Extra(
        name="scheduled_events",
        category="scheduledEvents",
        path="/metadata/scheduledevents",
        parse=parse_scheduled_events,
        version=SCHEDULED_EVENTS,
        is_cached=False,
    ),
)
