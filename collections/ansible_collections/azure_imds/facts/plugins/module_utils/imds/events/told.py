# SPDX-License-Identifier: Apache-2.0
"""What a watch has told: the events as it told them last, for comparison with the next document and the next start."""

from __future__ import annotations

import json

from .. import errors, records
from ..extra_categories import names_vm
from .model import COMPLETED, STARTED, has_id, parse_event, rank

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from .model import Change, Event, Timeline

# Events that are followed; a document of 1 MiB can list thousands.
MOST_FOLLOWED = 1000
# What a state may take: the file stays under 1 MiB with what else is in it.
_MOST_BYTES = 880_000
# Bytes of a text, and of all names of VMs, that are stored of each event: less where there are many.
_BOUNDS = ((65_536, 65_536), (1024, 512), (96, 160))
_TEXTS = ("ResourceType", "NotBefore", "Description", "EventSource")
# The keys of states that earlier versions wrote.
_OLD_KEYS = {"vmName", "incarnation", "events", "approved"}
_KEYS = {"azure_imds_events", "vm_name", "incarnation", "events"}
FORMAT = 2


class Told:
    """What was told. `vm_name`: this VM's, None where events of all VMs are told."""

    def __init__(self, vm_name: str | None) -> None:
        self._vm_name = vm_name
        self.events: dict[str, Event] = {}
        self.approved: set[str] = set()
        # Told, still listed, and without a place since: key → digest. They are not told once more.
        self._displaced: dict[str, str] = {}

    def pick(self, listed: list[records.JsonObject]) -> list[records.JsonObject]:
        """Return what is followed of IMDS's objects: those of this VM, the first `MOST_FOLLOWED` where there are more.

        A told one that has lost its place to others is remembered as long as it is listed.
        """
        own = [raw for raw in listed if self._vm_name is None or names_vm(raw.get("Resources"), self._vm_name)]
        if len(own) <= MOST_FOLLOWED:
            picked, keys = own, {raw["EventId"].lower() for raw in own}
        else:
            picked = sorted(own, key=lambda raw: (*rank(raw), raw["EventId"].lower() not in self.events))
            keys = {raw["EventId"].lower() for raw in picked}
            picked = picked[:MOST_FOLLOWED]
        self._displace(keys.difference(raw["EventId"].lower() for raw in picked), keys)
        return picked

    def _displace(self, passed_over: set[str], listed: set[str]) -> None:
        """Forget the events without a place, but for the fact that they were told."""
        for key in passed_over.intersection(self.events):
            self._displaced[key] = self.events.pop(key).digest
        left = [key for key in self._displaced if key in listed and key not in self.events]
        self._displaced = {key: self._displaced[key] for key in left[-MOST_FOLLOWED // 2 :]}

    def take_up(self, event: Event) -> None:
        """Follow an event again that was told before it lost its place, if it was."""
        digest = self._displaced.pop(event.key, None)
        if digest is not None:
            self.events[event.key] = records.replace(event, digest=digest)

    def add(self, change: Change) -> None:
        """Note that a change is told."""
        if change.is_end:
            self.events.pop(change.event.key, None)
            self.approved.discard(change.event.key)
        else:
            self.events[change.event.key] = change.event

    def sort(self, timeline: Timeline) -> None:
        """Put the events in the order of a document, in which ends are told; those that it lacks come first."""
        listed = [event.key for event in timeline.events if event.key in self.events]
        gone = self.events.keys() - set(listed)
        self.events = {key: self.events[key] for key in [key for key in self.events if key in gone] + listed}

    def take_back(self, change: Change) -> None:
        """Note that a change was not told after all: it is looked at again."""
        if change.kind in (STARTED, COMPLETED):
            self.approved.add(change.event.key)  # as its end will be no cancellation either
        if change.before is not None:
            self.events[change.event.key] = change.before
        else:
            self.events.pop(change.event.key, None)

    def copy(self) -> Told:
        """Return a copy, to take back from."""
        other = Told(self._vm_name)
        other.events, other.approved = dict(self.events), set(self.approved)
        other._displaced = dict(self._displaced)
        return other

    def spell(self, *, incarnation: int | None, pending: Iterable[str] = ()) -> records.JsonObject:
        """Return it for JSON, bounded. `pending`: keys of events that are to be approved."""
        awaiting = set(pending)
        state: records.JsonObject = {}
        for most_text, most_names in _BOUNDS:
            events = [self._spell(event, most_text, most_names, awaiting) for event in self.events.values()]
            state = {
                "azure_imds_events": FORMAT,
                "vm_name": self._vm_name,
                "incarnation": incarnation,
                "events": events,
                "displaced": self._displaced,
            }
            if len(json.dumps(state)) < _MOST_BYTES:
                break
        return state

    def read(self, state: Any) -> records.JsonObject | None:
        """Take over a state, of this version or of an earlier one; return it, or None where it is none of this VM.

        Keys in `pending` are of events that are still to be approved.
        """
        if not _is_state(state) or state["vmName" if "vmName" in state else "vm_name"] != self._vm_name:
            return None
        stored: list[records.JsonObject] = state["events"]
        try:
            events = [parse_event(raw, digest=_text(raw, "Digest")) for raw in stored]
        except errors.InvalidError:
            return None
        self.events = {event.key: event for event in events}
        self.approved = _list_marked(stored, "Approved").union(map(str, state.get("approved") or ()))
        self._displaced = {key: str(digest) for key, digest in (state.get("displaced") or {}).items()}
        return {"incarnation": state["incarnation"], "pending": _list_marked(stored, "Pending")}

    def _spell(self, event: Event, most_text: int, most_names: int, awaiting: set[str]) -> records.JsonObject:
        """Return an event for JSON, as IMDS writes it as far as there is room; the digest is that of the whole."""
        raw: records.JsonObject = {
            "EventId": event.event_id,
            "EventStatus": event.status,
            "EventType": event.event_type,
            **{name: _cut(_text(event.raw, name), most_text) for name in _TEXTS},
        }
        raw["Resources"] = self._cut_names(event.resources, most_names)
        raw["DurationInSeconds"] = -1 if event.duration_s is None else event.duration_s
        raw["Digest"] = event.digest
        if event.key in self.approved:
            raw["Approved"] = True
        if event.key in awaiting:
            raw["Pending"] = True
        return raw

    def _cut_names(self, names: tuple[str, ...], most: int) -> list[str]:
        """Return names as far as there is room, this VM's first: whether others are named as well is never lost."""
        if sum(len(name) + 4 for name in names) * 6 <= most:
            return list(names)
        own = [name for name in names if self._vm_name and names_vm((name,), self._vm_name)][:1]
        others = [name for name in names if name not in own]
        kept, room = own, most - len(json.dumps(own))
        for name in others:
            cut = _cut(name, 64)
            room -= len(json.dumps(cut)) + 2
            if room < 0 and len(kept) > len(own):
                break
            kept = [*kept, cut]
        return kept


def _is_state(state: Any) -> bool:
    """Return whether a value has the form of a state, of this version or of an earlier one."""
    if not isinstance(state, dict) or not isinstance(state.get("events"), list):
        return False
    if not _OLD_KEYS.issubset(state) and not (_KEYS.issubset(state) and state["azure_imds_events"] == FORMAT):
        return False
    incarnation = state["incarnation"]
    is_number = incarnation is None or (isinstance(incarnation, int) and not isinstance(incarnation, bool))
    others = isinstance(state.get("displaced", {}), dict) and isinstance(state.get("approved", []), list)
    return is_number and others and all(map(has_id, state["events"]))


def _list_marked(stored: list[records.JsonObject], mark: str) -> set[str]:
    return {raw["EventId"].lower() for raw in stored if mark in raw}


def _cut(text: str, most: int) -> str:
    """Return as much of a text as takes about so many bytes as JSON."""
    cut = text[:most]
    return cut if len(json.dumps(cut)) <= most + 2 else cut[: most // 12]


def _text(raw: records.JsonObject, name: str) -> str:
    value = raw.get(name)
    return value if isinstance(value, str) else ""
