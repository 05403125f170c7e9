# SPDX-License-Identifier: Apache-2.0
"""The endpoints beside `/metadata/instance` that can be gathered, and what of their answers becomes a category."""

from __future__ import annotations

from . import cache, clock, document, errors, records, settings, versions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from . import client, collector, facts

# What is asked for beside the instance may not hold back the facts that are there already.
_LONGEST_S = 5.0


@records.record
class Extra:
    """One endpoint: `name` in `gather`.

    `version`: its own api-version where it does not share the instance's. Its answer has to have `field` in it, of the
    Python type `kind`.
    """

    name: str
    path: str
    field: str
    kind: type
    version: str | None = None
    is_cached: bool = True


EXTRAS = (
    Extra(name="load_balancer", path="/metadata/loadbalancer", field="loadbalancer", kind=dict),
    # The token endpoint next door is never asked: access tokens are no facts.
    Extra(name="identity", path="/metadata/identity/info", field="tenantId", kind=str),
    # Never cached: an event may start any second. The first request ever switches the service on for this VM.
    Extra(
        name="scheduled_events",
        path="/metadata/scheduledevents",
        field="Events",
        kind=list,
        version=versions.SCHEDULED_EVENTS[0],
        is_cached=False,
    ),
)


def read_answer(extra: Extra, answer: Any) -> records.JsonObject:
    """Return what of an answer becomes the category. Raises InvalidError where it lacks what it is asked for.

    That is the object inside `loadbalancer`; the tenant's id, and nothing else that may stand beside it; and the
    document of scheduled events as it is.
    """
    inside = answer.get(extra.field) if isinstance(answer, dict) else None
    if not isinstance(inside, extra.kind):
        raise errors.InvalidError(f"The answer has no `{extra.field}` in it, or one of another type.")
    if isinstance(inside, str):
        return {extra.field: inside}
    return inside if isinstance(inside, dict) else dict(answer)


def gather_extras(collection: collector.Collection, snapshot: facts.Snapshot) -> records.JsonObject:
    """Return category → what its endpoint said; what failed is not in it."""
    wanted = [extra for extra in EXTRAS if extra.name in collection.settings.gather]
    deadline = collection.deadline.within(_LONGEST_S)
    found = {}
    for left, extra in zip(range(len(wanted), 0, -1), wanted):
        # Each gets its share of the time that is left: one that hangs takes no other's facts away.
        share = deadline.within(deadline.remaining / left)
        found[settings.EXTRA_CATEGORIES[extra.name]] = _gather(collection, extra, snapshot, share)
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

    def attempt() -> client.Answer:
        answer = asking.client.fetch(extra.path, version)
        # No load balancer, no identity: 404 is an answer here, not a sign that IMDS is not ready.
        return records.replace(answer, is_retried=False) if answer.status == 404 else answer

    try:
        return asking.ask(
            attempt,
            key=collection.key(extra.path) if extra.is_cached else None,
            look=lambda: _read(collection, extra, is_live=True),
            accept=lambda answer: _accept(collection, extra, answer),
            deadline=deadline,
        )
    except errors.ImdsError as error:
        collection.reporter.notice(f"No {extra.name} facts: {error}")
        return None


def _read(collection: collector.Collection, extra: Extra, *, is_live: bool) -> records.JsonObject | None:
    if not extra.is_cached or (is_live and not collection.reads_fresh()):
        return None
    entry = collection.cache.read(collection.key(extra.path))
    oldest_s = collection.settings.cache_ttl if is_live else cache.STALE_S
    kept = entry.document if entry and entry.age_s < oldest_s else None
    return kept if isinstance(kept, dict) else None


def _accept(collection: collector.Collection, extra: Extra, answer: client.Answer) -> records.JsonObject:
    value = read_answer(extra, answer.value)
    if extra.is_cached:
        collection.cache.write(collection.key(extra.path), collection.entry(value, answer))
    shown: records.JsonObject = document.redact(value, reveal=collection.settings.reveal)
    return shown


def summarize_events(document: records.JsonObject, vm_name: object) -> dict[str, object]:
    """Return the `scheduledEvents` category.

    `events` are IMDS's own. `pending` counts those with this VM among their `Resources`. `nextNotBefore` and `nextType`
    are of the earliest of these that has a time; both are `""` where none has, as with an event that has started.
    """
    events = document["Events"]
    own = [event for event in events if isinstance(event, dict) and _concerns(event, vm_name)]
    moments = [(clock.parse_date(event.get("NotBefore")), event) for event in own]
    timed = [(moment, event) for moment, event in moments if moment is not None]
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
