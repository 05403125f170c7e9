# SPDX-License-Identifier: Apache-2.0
"""The categories behind endpoints of their own, beside `/metadata/instance`."""

from __future__ import annotations

from . import cache, clock, document, errors, records
from .settings import EXTRA_CATEGORIES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .cache import Cache, Key
    from .client import Answer
    from .clock import Deadline
    from .records import JsonObject
    from .retry import Retrier
    from .settings import ExtraCategory, Settings

# An endpoint beside the instance may not hold back the facts that are there already.
_LONGEST_S = 5.0


@records.record
class ExtraCategories:
    """The gathering of one collection's extra categories. A failure leaves the collection `ok`.

    `open_retrier` is called where an endpoint has to be asked.
    """

    settings: Settings
    cache: Cache
    boot_id: str | None
    deadline: Deadline
    open_retrier: Callable[[], Retrier]

    def gather(
        self, *, api_version: str | None, vm_name: str | None, is_live: bool
    ) -> tuple[JsonObject, dict[str, errors.ImdsError]]:
        """Return category → content, and category → why it could not be had.

        `is_live` False: the instance's answer is an older one, so only older answers are used here too.
        """
        wanted = [extra for name, extra in EXTRA_CATEGORIES.items() if name in self.settings.gather]
        deadline = self.deadline.within(_LONGEST_S)
        contents: JsonObject = {}
        failures = {}
        for left, extra in zip(range(len(wanted), 0, -1), wanted):
            content = self._read(extra, is_live=is_live)
            try:
                if content is None and is_live:
                    # Each gets its share of the time left, so that one that hangs takes no other's facts away.
                    share = deadline.within(deadline.remaining / left)
                    content = self._fetch(extra, extra.version or api_version, share)
            except errors.ImdsError as error:
                failures[extra.fact] = error
            if content is not None:
                is_events = extra.field == "Events"
                contents[extra.fact] = summarize_events(content, vm_name) if is_events else content
        return contents, failures

    def _fetch(self, extra: ExtraCategory, version: str | None, deadline: Deadline) -> JsonObject:
        retrier = self.open_retrier()

        def attempt() -> Answer:
            answer = retrier.client.fetch(extra.path, version, empty=extra.empty)
            # No load balancer, no identity: 404 is an answer here, not a sign that IMDS is not ready.
            return records.replace(answer, is_retried=False) if answer.status == 404 else answer

        try:
            return retrier.run(
                attempt,
                key=self._key(extra) if extra.is_cached else None,
                read_shared=lambda: self._read(extra, is_live=True),
                accept=lambda answer: self._accept(extra, answer),
                deadline=deadline,
            )
        except errors.ImdsError as error:
            retrier.client.reporter.notice(f"No {extra.fact} facts: {error}")
            raise

    def _read(self, extra: ExtraCategory, *, is_live: bool) -> JsonObject | None:
        if not extra.is_cached or (is_live and not self.settings.reads_cache):
            return None
        entry = self.cache.read(self._key(extra))
        oldest_s = self.settings.cache_ttl if is_live else cache.STALE_S
        content = entry.document if entry and entry.age_s < oldest_s else None
        return content if isinstance(content, dict) else None

    def _accept(self, extra: ExtraCategory, answer: Answer) -> JsonObject:
        content = parse_category(extra, answer.value)
        if extra.is_cached:
            entry = cache.build_entry(content, answer, self.deadline.clock)
            self.cache.write(self._key(extra), entry)
        redacted: JsonObject = document.redact(content, reveal=self.settings.reveal)
        return redacted

    def _key(self, extra: ExtraCategory) -> Key:
        return cache.build_key(self.settings, extra.path, self.boot_id)


def parse_category(extra: ExtraCategory, value: Any) -> JsonObject:
    """Return the part of an answer that becomes the category. Raises InvalidError where it lacks the field.

    That is the object inside `loadbalancer`; the tenant's id alone; and the whole document of scheduled events.
    """
    inside = value.get(extra.field) if isinstance(value, dict) else None
    if not isinstance(inside, extra.kind):
        raise errors.InvalidError(f"The answer has no `{extra.field}` in it, or one of another type.", hint="")
    content = {extra.field: inside} if isinstance(inside, str) else inside if isinstance(inside, dict) else dict(value)
    document.check_facts_size(content)
    return content


def summarize_events(timeline: JsonObject, vm_name: str | None) -> dict[str, object]:
    """Return the `scheduledEvents` category.

    `events` are IMDS's own. `pending` counts those with this VM among their `Resources`. `nextNotBefore` and `nextType`
    are of the earliest of these that has a time; both are `""` where none has, as with an event that has started.
    """
    events = timeline["Events"]
    own = [event for event in events if isinstance(event, dict) and names_vm(event.get("Resources"), vm_name)]
    moments = [(clock.parse_date(event.get("NotBefore")), event) for event in own]
    timed = [(moment, event) for moment, event in moments if moment is not None]
    earliest = min(timed, key=lambda pair: pair[0])[1] if timed else {}
    return {
        "incarnation": timeline.get("DocumentIncarnation"),
        "events": events,
        "pending": len(own),
        "nextNotBefore": earliest.get("NotBefore", ""),
        "nextType": earliest.get("EventType", ""),
    }


def names_vm(resources: object, vm_name: str | None) -> bool:
    """Return whether an event's `Resources` name the VM of this name (`compute.name`), without case.

    A document lists the events of all VMs of a scale set or an availability set. Before api-version 2017-08-01 names
    have a leading `_` (documented).
    """
    if not isinstance(resources, (list, tuple)) or not vm_name:
        return False
    name = lower_ascii(vm_name)
    return any(isinstance(resource, str) and lower_ascii(resource) in (name, b"_" + name) for resource in resources)


def lower_ascii(text: str) -> bytes:
    """Return text for comparisons without case: of ASCII alone, for the Kelvin sign is no `k`."""
    return text.encode(errors="replace").lower()
