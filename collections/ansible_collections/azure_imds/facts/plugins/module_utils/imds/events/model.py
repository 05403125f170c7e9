# SPDX-License-Identifier: Apache-2.0
"""Scheduled events as records, and the changes from one document of them to the next. Nothing here asks IMDS.

Source: Microsoft's page "Scheduled Events for Linux VMs".
"""

from __future__ import annotations

import functools
import hashlib
import json
import re

from .. import errors, records
from ..clock import format_time, parse_date
from ..document import redact
from ..extra_categories import names_vm

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container


SCHEDULED, UPDATED, STARTED, COMPLETED, CANCELLED = KINDS = (
    "scheduled",
    "updated",
    "started",
    "completed",
    "cancelled",
)
# Ids are GUIDs (documented). They are used in commands, playbooks and the tags of Salt's events, types in the last as
# well: no other text may get there, whatever a server answers.
_ID = re.compile(r"[0-9A-Za-z._-]{1,128}")
_WORD = re.compile(r"[0-9A-Za-z_-]{0,64}")
# Their notice is short: they come first wherever something has to wait.
_URGENT = ("preempt", "terminate")
# The preview writes times so; every later version writes them as in RFC 1123.
_ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d+)?Z")


_HINT = "Look for what else answers at this endpoint."


@records.record
class Event:
    """One event; `raw` is IMDS's object, and what that lacks is `""` or None.

    `status` is `Scheduled` or `Started`, `not_before` a time in UTC such as `2026-11-22T21:56:00Z` and `not_before_s`
    the same in seconds since 1970: before it nothing happens unless the event is approved. Both are None once it has
    started. `duration_s` is how long the VM will be away, None where Azure does not know. `digest` is equal where all
    that IMDS says is equal.
    """

    event_id: str
    event_type: str
    status: str
    resource_type: str
    resources: tuple[str, ...]
    not_before: str | None
    not_before_s: float | None
    description: str
    source: str
    duration_s: int | None
    raw: records.JsonObject
    digest: str

    @property
    def key(self) -> str:
        """The id for comparisons, which are without case."""
        return self.event_id.lower()

    @property
    def is_started(self) -> bool:
        """Return whether it is under way."""
        return self.status.lower() == "started"

    @property
    def is_urgent(self) -> bool:
        """Return whether it leaves half a minute or little more, and takes the VM away."""
        return self.event_type.lower() in _URGENT


@records.record
class Timeline:
    """One document: `incarnation` is the number that IMDS raises with each change, None for an empty body.

    `skipped`: how many entries are not in `events`, since they have no id.
    """

    incarnation: int | None
    events: tuple[Event, ...]
    skipped: int = 0


@records.record
class Change:
    """A change of an event, `kind` one of KINDS. `event` is as it is now, or last was; `before` None: it is new."""

    kind: str
    event: Event
    before: Event | None = None

    @property
    def is_end(self) -> bool:
        """Return whether the event is over."""
        return self.kind in (COMPLETED, CANCELLED)

    @property
    def may_be_approved(self) -> bool:
        """Return whether the event waits for its time, as this change leaves it."""
        return self.kind in (SCHEDULED, UPDATED) and not self.event.is_started


def parse_timeline(
    document: object,
    *,
    empty: object = None,
    pick: Callable[[list[records.JsonObject]], list[records.JsonObject]] | None = None,
) -> Timeline:
    """Return the timeline in a document of /metadata/scheduledevents. Raises InvalidError for any other value.

    `empty`: the document that stands for an empty body, which has no incarnation. `pick` chooses among IMDS's objects
    before they become events.
    """
    if not isinstance(document, dict) or not isinstance(document.get("Events"), list):
        raise errors.InvalidError(
            "The answer has no list `Events` in it, so it is no document of scheduled events.", hint=_HINT
        )
    incarnation = document.get("DocumentIncarnation")
    if document is not empty and (not isinstance(incarnation, int) or isinstance(incarnation, bool)):
        raise errors.InvalidError("The answer has no whole number `DocumentIncarnation` in it.", hint=_HINT)
    listed = document["Events"]
    usable = [raw for raw in listed if has_id(raw)]
    events = {event.key: event for event in map(parse_event, pick(usable) if pick else usable)}
    return Timeline(incarnation=incarnation, events=tuple(events.values()), skipped=len(listed) - len(usable))


def has_id(raw: object) -> bool:
    """Return whether a value is an object with the id of an event."""
    return isinstance(raw, dict) and bool(_ID.fullmatch(_text(raw, "EventId")))


def rank(raw: records.JsonObject) -> tuple[bool, float]:
    """Return what IMDS's objects of events are sorted by: Preempt and Terminate first, then what begins earlier."""
    return _text(raw, "EventType").lower() not in _URGENT, _parse_time(_text(raw, "NotBefore")) or 0.0


def list_resources(raw: records.JsonObject) -> tuple[str, ...]:
    """Return the names of the VMs that IMDS's object of an event is about."""
    resources = raw.get("Resources")
    return tuple(name for name in resources if isinstance(name, str)) if isinstance(resources, list) else ()


def parse_event(raw: records.JsonObject, *, digest: str | None = None) -> Event:
    """Return the event in IMDS's object, which has an id. `digest`: that of the whole object, where it was cut."""
    raw = redact(raw)
    resources = list_resources(raw)
    duration = raw.get("DurationInSeconds")
    is_known = isinstance(duration, int) and not isinstance(duration, bool) and duration >= 0
    moment = _parse_time(_text(raw, "NotBefore"))
    return Event(
        event_id=raw["EventId"],
        event_type=_word(raw, "EventType"),
        status=_word(raw, "EventStatus"),
        resource_type=_text(raw, "ResourceType"),
        resources=resources,
        not_before=None if moment is None else format_time(moment),
        not_before_s=moment,
        description=_text(raw, "Description"),
        source=_text(raw, "EventSource"),
        duration_s=duration if is_known else None,
        raw=raw,
        digest=digest or _digest(raw, resources),
    )


def _digest(raw: records.JsonObject, resources: tuple[str, ...]) -> str:
    """Return a digest of what is compared: the order in which IMDS names the VMs means nothing."""
    compared = {**raw, "EventId": raw["EventId"].lower(), "Resources": sorted(resources)}
    return hashlib.sha256(json.dumps(compared, sort_keys=True).encode()).hexdigest()[:24]


def _text(raw: records.JsonObject, name: str) -> str:
    value = raw.get(name)
    return value if isinstance(value, str) else ""


def _word(raw: records.JsonObject, name: str) -> str:
    return text if _WORD.fullmatch(text := _text(raw, name)) else ""


@functools.lru_cache(maxsize=256)
def _parse_time(text: str) -> float | None:
    """Return seconds since 1970 of a time that Python can count, None for any other text."""
    found = _ISO.fullmatch(text)
    if found:
        import calendar  # noqa: PLC0415  the preview alone writes times so

        try:
            moment: float | None = float(calendar.timegm(tuple(map(int, found.groups()))))
        except ValueError:
            moment = None
    else:
        moment = parse_date(text)
    return moment


def concerns(event: Event, vm_name: str) -> bool:
    """Return whether an event is about the VM of this name (`compute.name`), without case."""
    return names_vm(event.resources, vm_name)


def concerns_others(event: Event, vm_name: str) -> bool:
    """Return whether an event is about any VM but the one of this name: an approval starts it for those as well."""
    return any(not names_vm((name,), vm_name) for name in event.resources)


def changes(
    before: Timeline | None, after: Timeline, *, now: float | None = None, approved: Container[str] = ()
) -> list[Change]:
    """Return what changed, in the order of the documents; `before` None: everything in `after` is new.

    An event that has vanished was `completed` where it had started, was `approved` (keys of events) or its time had
    come at `now`, in seconds since 1970; else it was `cancelled`. Of several stages between two documents the last is
    returned.
    """
    known = {event.key: event for event in (before.events if before else ())}
    listed = {event.key for event in after.events}
    gone = [
        Change(kind=_end_of(event, now, approved), event=event, before=event)
        for key, event in known.items()
        if key not in listed
    ]
    return gone + [change for event in after.events for change in _compare(known.get(event.key), event)]


def _compare(before: Event | None, event: Event) -> list[Change]:
    if before is not None and _content(before) == _content(event):
        return []
    if event.is_started and not (before and before.is_started):
        return [Change(kind=STARTED, event=event, before=before)]
    return [Change(kind=UPDATED if before else SCHEDULED, event=event, before=before)]


def _content(event: Event) -> str:
    """Return what is compared."""
    return event.digest


def _end_of(event: Event, now: float | None, approved: Container[str]) -> str:
    is_due = now is not None and event.not_before_s is not None and event.not_before_s <= now
    return COMPLETED if event.is_started or is_due or event.key in approved else CANCELLED
