# SPDX-License-Identifier: Apache-2.0
"""Generated sequences of IMDS's answers in simulated time: what IMDS said, beside what a program made of it."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from typing import Any

from azure_imds_facts.core.clock import Deadline
from azure_imds_facts.core.transport import Response, TransportError

from tests.support.clocks import ManualClock
from tests.support.documents import build_document
from tests.support.scripted import reply

LONGEST = 40
STATUSES = (400, 403, 404, 408, 410, 418, 421, 429, 500, 502, 503, 504)
# These begin a negotiation, in which a watch passes lists over; tests of its own have that.
NEGOTIATED = (400, 404)
# How often each kind of answer comes. A whole one is frequent enough that most sequences have several.
WEIGHTS = {"whole": 6, "partial": 4, "status": 5, "cut": 2, "hung": 1, "slow": 2, "empty": 2}
DAY_S = 86_400.0
# Seconds between two runs of a program: at once, a poll, a refresh, a weekend.
PAUSES_S = (0.0, 1.0, 90.0, 3_000.0, 2 * DAY_S)


class Imds:
    """An IMDS that gives a generated sequence of answers, and afterwards none."""

    statuses: tuple[int, ...] = STATUSES
    weights: dict[str, int] = WEIGHTS

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311  so that a number names a sequence
        self.clock = ManualClock()
        self.left = self.chance.randint(1, LONGEST)
        # What was sent so far, as the test compares it.
        self.sent: list[Any] = []

    def pause(self) -> None:
        """Let time pass until the program runs again."""
        self.clock.advance(self.chance.choice(PAUSES_S))

    def open(self) -> Imds:
        """Be the transport."""
        return self

    def close(self) -> None:
        """Nothing is open."""

    def fetch(
        self, url: str, headers: Mapping[str, str], deadline: Deadline, *, method: str = "GET", body: bytes = b""
    ) -> Response:
        """Take the next step."""
        assert headers["Metadata"] == "true"
        assert (method, body) == ("GET", b"")
        if url.endswith("/metadata/versions"):
            return reply(404)
        if not self.left:
            raise TransportError("connection refused")
        self.left -= 1
        kind = self.chance.choices(list(self.weights), list(self.weights.values()))[0]
        if kind in ("hung", "slow"):
            self.clock.advance(deadline.remaining * (1.0 if kind == "hung" else self.chance.random() * 0.9))
        if kind == "hung":
            raise TransportError("timed out")
        if kind == "cut" and self.chance.random() < 0.5:
            raise TransportError("connection reset by peer")
        return self._answer(kind)

    def _answer(self, kind: str) -> Response:
        if kind == "status":
            status = self.chance.choice(self.statuses)
            return reply(status, retry_after="2") if status == 429 and self.chance.random() < 0.5 else reply(status)
        if kind == "empty":
            self.take_empty()
            return reply(200, b"")
        if kind == "cut":
            content = json.dumps(self.build_next(kind)).encode()
            return reply(200, content[: self.chance.randrange(1, len(content))])
        document = self.build_next(kind)
        self.sent.append(document)
        return reply(200, document)

    def build_next(self, kind: str) -> dict[str, Any]:
        """Return the document that comes next."""
        raise NotImplementedError

    def take_empty(self) -> None:
        """Note that an empty answer was sent."""


class Instance(Imds):
    """`/metadata/instance` of a VM that is resized and readdressed now and then."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.number = 0
        # The last whole document's number and when it was sent.
        self.whole: tuple[int, float] | None = None

    def build_next(self, kind: str) -> dict[str, Any]:
        """Return the VM's document, partial where the kind is."""
        if self.chance.random() < 0.4:
            self.number += 1
        document = build_document(vmSize=f"Standard_{self.number}")
        address = {"privateIpAddress": f"10.9.0.{self.number}", "publicIpAddress": ""}
        document["network"]["interface"][0]["ipv4"]["ipAddress"] = [address]
        if kind == "partial":
            return self.chance.choice(
                [{"compute": document["compute"]}, {"network": document["network"]}, {**document, "network": None}]
            )
        if kind != "cut":
            self.whole = self.number, self.clock.passed
        return document

    @property
    def has_whole(self) -> bool:
        """Whether a whole document was sent in the last 24 hours."""
        return self.whole is not None and self.clock.passed - self.whole[1] < DAY_S - 60


class Events(Imds):
    """`/metadata/scheduledevents` of a VM with events that are planned, start, end and are called off."""

    statuses = tuple(status for status in STATUSES if status not in NEGOTIATED)

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.incarnation = 1
        self.events: dict[str, str] = {}

    def fetch(
        self, url: str, headers: Mapping[str, str], deadline: Deadline, *, method: str = "GET", body: bytes = b""
    ) -> Response:
        """Take the next step, and note one that is no list as a failure."""
        before = len(self.sent)
        try:
            return super().fetch(url, headers, deadline, method=method, body=body)
        finally:
            if len(self.sent) == before:
                self.sent.append("failure")

    def build_next(self, kind: str) -> dict[str, Any]:
        """Return the list of events, after one step of their lives."""
        if self.chance.random() < 0.5:
            self.incarnation += 1
            planned = [name for name, status in self.events.items() if status == "Scheduled"]
            step = self.chance.choice(["plan", "start", "end"])
            if step == "plan":
                self.events[f"E{self.incarnation}"] = "Scheduled"
            elif step == "start" and planned:
                self.events[self.chance.choice(planned)] = "Started"
            elif step == "end" and self.events:
                del self.events[self.chance.choice(list(self.events))]
        listed = list(self.events.items())
        self.chance.shuffle(listed)  # their order means nothing
        others = [build_event("X", self.chance.choice(["Scheduled", "Started"]), "other")] * self.chance.randint(0, 1)
        events = [build_event(name, status) for name, status in listed]
        return {"DocumentIncarnation": self.incarnation, "Events": [*others, *events]}

    def take_empty(self) -> None:
        """Note it as no list at all."""
        self.sent.append(None)


def build_event(name: str, status: str, machine: str = "web-01") -> dict[str, Any]:
    """Return an event of a VM as IMDS lists it; what is planned is far away."""
    return {
        "EventId": name,
        "EventStatus": status,
        "EventType": "Reboot",
        "ResourceType": "VirtualMachine",
        "Resources": [machine],
        "NotBefore": "Mon, 19 Sep 2050 18:29:47 GMT" if status == "Scheduled" else "",
        "Description": "",
        "EventSource": "Platform",
        "DurationInSeconds": 9,
    }


class Reading:
    """What a reader of the lists of the VM web-01 knows: each event's status, after every list that counts."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}
        # Events whose end is no cancellation, whatever was listed last.
        self.begun: set[str] = set()
        self.empties = 0

    def restart(self, unfinished: list[tuple[str, str, str | None]]) -> None:
        """Begin anew from before some changes (kind, event, status before), which were not dealt with."""
        self.empties = 0
        for kind, name, before in reversed(unfinished):
            self.begun.update([name] if kind in ("started", "completed") else [])
            self.known.pop(name, None)
            self.known.update({name: before} if before else {})

    def take(self, answer: dict[str, Any] | str | None) -> list[tuple[str, str]]:
        """Return the changes that an answer brings, as (kind, event).

        One empty answer may be an accident, two in a row are not; a failure is no answer of either kind.
        """
        self.empties = self.empties + 1 if answer is None else 0
        if isinstance(answer, str) or self.empties == 1:
            return []
        events = answer["Events"] if answer else []
        listed = {event["EventId"]: event["EventStatus"] for event in events if event["Resources"] == ["web-01"]}
        begun = {name for name, status in self.known.items() if status == "Started" or name in self.begun}
        gone = [("completed" if name in begun else "cancelled", name) for name in self.known if name not in listed]
        new = [(status.lower(), name) for name, status in listed.items() if self.known.get(name) != status]
        self.known = listed
        self.begun.intersection_update(listed)
        return gone + new
