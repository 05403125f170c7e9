# SPDX-License-Identifier: Apache-2.0
"""The endpoints beside `/metadata/instance` that can be gathered, and what of their answers becomes a category."""

from __future__ import annotations

from . import errors, records, versions
from .cache import STALE_S
from .clock import parse_date
from .document import redact

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from . import client, clock, collector, facts

# What is asked for beside the instance may not hold back the facts that are there already.
_LONGEST_S = 5.0


@records.record
class Extra:
    """One endpoint: `name` in `gather`, `category` among the facts.

    `version`: its own api-version where it does not share the instance's; `parse` raises InvalidError.
    """

    name: str
    category: str
    path: str
    parse: Callable[[Any], records.JsonObject]
    version: str | None = None
    is_cached: bool = True


def parse_load_balancer(answer: Any) -> records.JsonObject:
    """Return the object inside `loadbalancer`. Raises InvalidError where there is none."""
    inside = answer.get("loadbalancer") if isinstance(answer, dict) else None
    if not isinstance(inside, dict):
        raise errors.InvalidError("The answer has no object `loadbalancer` in it.")
    return inside


def parse_identity(answer: Any) -> records.JsonObject:
    """Return the tenant's id, and nothing else that may stand beside it. Raises InvalidError where there is none."""
    tenant_id = answer.get("tenantId") if isinstance(answer, dict) else None
    if not isinstance(tenant_id, str):
        raise errors.InvalidError("The answer has no string `tenantId` in it.")
    return {"tenantId": tenant_id}


def parse_scheduled_events(answer: Any) -> records.JsonObject:
    """Return the document of scheduled events as it is. Raises InvalidError where it lacks the list of events."""
    if not isinstance(answer, dict) or not isinstance(answer.get("Events"), list):
        raise errors.InvalidError("The answer has no list `Events` in it.")
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
        version=versions.SCHEDULED_EVENTS,
        is_cached=False,
    ),
)


def gather_extras(collection: collector.Collection, snapshot: facts.Snapshot) -> records.JsonObject:
    """Return category → what its endpoint said; what failed is not in it."""
    wanted = [extra for extra in EXTRAS if extra.name in collection.settings.gather]
    deadline = collection.deadline.within(_LONGEST_S)
    found = {}
    for left, extra in zip(range(len(wanted), 0, -1), wanted):
        # Each gets its share of the time that is left: one that hangs takes no other's facts away.
        share = deadline.within(deadline.remaining / left)
        found[extra.category] = _gather(collection, extra, snapshot, share)
    return {category: value for category, value in found.items() if value is not None}


def _gather(
    collection: collector.Collection, extra: Extra, snapshot: facts.Snapshot, deadline: clock.Deadline
) -> records.JsonObject | None:
    """Return what an endpoint says, None where it fails: the instance is there, so the collection stays `ok`."""
    is_live = snapshot.source in ("imds", "cache")
    kept = _read(collection, extra, is_live=is_live)
    if kept is not None or not is_live:
        return kept
    asking = collection.asking()
    version = extra.version or snapshot.api_version
    try:
        return asking.ask(
            lambda: asking.client.fetch(extra.path, version),
            key=collection.key(extra.path) if extra.is_cached else None,
            look=lambda: _read(collection, extra, is_live=True),
            accept=lambda answer: _accept(collection, extra, answer),
            deadline=deadline,
            # No load balancer, no identity: 404 is an answer here, not a sign that IMDS is not ready.
            final_statuses=(404,),
        )
    except errors.ImdsError as error:
        collection.reporter.notice(f"No {extra.name} facts: {error}")
        return None


def _read(collection: collector.Collection, extra: Extra, *, is_live: bool) -> records.JsonObject | None:
    if not extra.is_cached or (is_live and not collection.reads_fresh()):
        return None
    entry = collection.cache.read(collection.key(extra.path))
    oldest_s = collection.settings.cache_ttl if is_live else STALE_S
    kept = redact(entry.document) if entry and entry.age_s < oldest_s else None
    return kept if isinstance(kept, dict) else None


def _accept(collection: collector.Collection, extra: Extra, answer: client.Answer) -> records.JsonObject:
    value = extra.parse(answer.value)
    if extra.is_cached:
        collection.cache.write(collection.key(extra.path), value, api_version=answer.version, local_address=None)
    shown: records.JsonObject = redact(value, reveal=collection.settings.reveal)
    return shown


def summarize_events(document: records.JsonObject, vm_name: object) -> dict[str, object]:
    """Return the `scheduledEvents` category.

    `events` are IMDS's own. `pending` counts those with this VM among their `Resources`. `nextNotBefore` and `nextType`
    are of the earliest of these that has a time; both are `""` where none has, as with an event that has started.
    """
    events = document["Events"]
    own = [event for event in events if isinstance(event, dict) and _concerns(event, vm_name)]
    timed = [(moment, event) for event in own for moment in [parse_date(event.get("NotBefore"))] if moment is not None]
    earliest = min(timed, key=lambda pair: pair[0])[1] if timed else {}
    return {
        "incarnation": document.get("DocumentIncarnation"),
        "events": events,
        "pending": len(own),
        "nextNotBefore": earliest.get("NotBefore", ""),
        "nextType": earliest.get("EventType", ""),
    }


def _concerns(event: records.JsonObject, vm_name: object) -> bool:
    """Names carry a leading `_` before api-version 2017-08-01 (documented)."""
    resources = event.get("Resources")
    if not isinstance(resources, list) or not isinstance(vm_name, str) or not vm_name:
        return False
    wanted = (vm_name.lower(), f"_{vm_name.lower()}")
    return any(isinstance(resource, str) and resource.lower() in wanted for resource in resources)
