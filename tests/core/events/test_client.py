# SPDX-License-Identifier: Apache-2.0
"""The client of scheduled events: its api-versions, its approval, its retries, on both transports."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from typing import Any

import pytest
from azure_imds_facts.core.clock import Clock
from azure_imds_facts.core.errors import (
    InvalidError,
    RejectedError,
    ThrottledError,
    UnavailableError,
    UnreachableError,
    UsageError,
)
from azure_imds_facts.core.events.client import EventClient
from azure_imds_facts.core.transport import HttpTransport, Response
from azure_imds_facts.core.versions import KNOWN
from azure_imds_facts.core.versions import SCHEDULED_EVENTS as VERSIONS
from azure_imds_facts.emulator import Emulator
from azure_imds_facts.requests_transport import RequestsTransport

from tests.support.clocks import ManualClock
from tests.support.events import document, raw_event
from tests.support.reporters import ListReporter
from tests.support.scripted import ScriptedTransport, refused, reply
from tests.support.servers import RawServer

ENDPOINT = "http://169.254.169.254"


def make_client(transport: ScriptedTransport, clock: ManualClock, **options: Any) -> EventClient:
    """A client of a script."""
    return EventClient(ENDPOINT, transport.open, clock=clock, **options)


def knowing(*versions: str) -> Callable[[str], Response]:
    """A server that knows these api-versions."""
    return lambda url: reply(200, document()) if url.rpartition("=")[2] in versions else reply(404, {"error": "x"})


def test_the_newest_version_is_asked_first(clock: ManualClock) -> None:
    """One request, with the header, where the server knows the newest version."""
    transport = ScriptedTransport(knowing(*VERSIONS))
    make_client(transport, clock).fetch_timeline()
    assert transport.urls == [f"{ENDPOINT}/metadata/scheduledevents?api-version=2020-07-01"]
    assert transport.headers[0]["Metadata"] == "true"
    assert transport.bodies == [b""]


def test_an_old_server_is_asked_in_its_version(clock: ManualClock) -> None:
    """Versions are tried from the newest down, the next newer one again, and what was found is remembered."""
    transport = ScriptedTransport(knowing("2017-08-01", "2017-11-01"))
    client = make_client(transport, clock)
    client.fetch_timeline()
    assert transport.versions == ["2020-07-01", "2019-08-01", "2019-04-01", "2019-01-01", "2017-11-01", "2019-01-01",
                                  "2017-11-01"]  # fmt: skip
    client.fetch_timeline()
    assert transport.versions[7:] == ["2017-11-01"]


def test_a_server_that_was_not_ready_is_not_taken_for_an_old_one(clock: ManualClock) -> None:
    """404 for a while, as before IMDS is ready, does not end in a version that hides a Preempt."""
    transport = ScriptedTransport(*[reply(404)] * 6, knowing(*VERSIONS))
    client = make_client(transport, clock)
    client.fetch_timeline()
    assert client.version == "2020-07-01"


def test_no_version_at_all(clock: ManualClock) -> None:
    """An IMDS without scheduled events is rejected after each version was asked for once."""
    transport = ScriptedTransport(reply(404))
    with pytest.raises(RejectedError, match="offers no scheduled events"):
        make_client(transport, clock).fetch_timeline()
    assert transport.versions == list(VERSIONS)


@pytest.mark.parametrize("version", ["2021-02-01", KNOWN[-1], "", "latest"])
def test_versions_of_the_instance_are_refused(version: str, clock: ManualClock) -> None:
    """An api-version that scheduled events do not have is a mistake before anything is asked."""
    with pytest.raises(UsageError, match="2020-07-01"):
        make_client(ScriptedTransport(reply(200)), clock, api_version=version)


def test_requests_are_kept_apart(clock: ManualClock) -> None:
    """However it is called, its requests are a second apart where that is asked for."""
    times: list[float] = []
    transport = ScriptedTransport(
        reply(200, document(raw_event())), reply(200, b""), on_fetch=lambda: times.append(clock.passed)
    )
    client = make_client(transport, clock, spacing_s=1.0)
    assert client.approve("a") is True
    assert times[1] - times[0] >= 1.0
    assert transport.bodies[1] == json.dumps({"StartRequests": [{"EventId": "A"}]}).encode()
    assert transport.headers[1]["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("steps", "outcome"),
    [
        ([refused()], UnreachableError),
        ([reply(429, b"", retry_after="1000")], ThrottledError),
        ([reply(429)], ThrottledError),
        ([reply(500)], UnavailableError),
        ([reply(410)], UnavailableError),
        ([reply(403)], RejectedError),
        ([reply(302)], InvalidError),
        ([reply(200, b"<html>")], InvalidError),
        ([reply(200, {"compute": {}})], InvalidError),
    ],
)
def test_failures_end_in_their_outcome(steps: list[Any], outcome: type[Exception], clock: ManualClock) -> None:
    """Each failure ends as the outcome that the rest of the program gives it, inside the timeout."""
    with pytest.raises(outcome):
        make_client(ScriptedTransport(*steps), clock, timeout_s=20.0).fetch_timeline()
    assert clock.passed <= 20.0


def test_transient_failures(clock: ManualClock, reporter: ListReporter) -> None:
    """Failures that pass are reported once and overcome, Retry-After is obeyed."""
    transport = ScriptedTransport(
        reply(500), reply(500), reply(429, b"", retry_after="7"), reply(200, document(incarnation=3))
    )
    assert make_client(transport, clock, reporter=reporter).fetch_timeline().incarnation == 3
    assert clock.passed >= 7
    assert len(reporter.notices) == 2


@pytest.mark.parametrize("transport", [HttpTransport, RequestsTransport])
def test_approval_on_both_transports(transport: Callable[[], Any], emulate: Callable[..., Emulator]) -> None:
    """Approved now, then started already, then gone; the emulator starts the event, and a wrong id starts nothing."""
    emulator = emulate()
    event_id = emulator.event("Reboot", lasts="1500ms")
    client = EventClient(emulator.url, transport, clock=Clock(), timeout_s=5)
    with pytest.raises(RejectedError, match="no-such-event cannot be approved"):
        client.approve("no-such-event")
    assert client.fetch_timeline().events[0].status == "Scheduled"
    assert client.approve(event_id) is True
    assert client.approve(event_id.lower()) is False
    assert client.fetch_timeline().events[0].status == "Started"
    emulator.cancel_event(event_id)
    with pytest.raises(RejectedError, match="is over or was cancelled"):
        client.approve(event_id)
    client.close()
    assert [record.method for record in emulator.requests].count("POST") == 1


def test_a_refused_approval(clock: ManualClock) -> None:
    """400 to the POST, as for an event that ended in between, is reported as such."""
    transport = ScriptedTransport(reply(200, document(raw_event())), reply(400, b"Bad request"))
    with pytest.raises(RejectedError, match="A cannot be approved"):
        make_client(transport, clock).approve("A")


@pytest.mark.parametrize("status", [400, 404])
def test_time_that_runs_out_among_versions(status: int, clock: ManualClock) -> None:
    """Complete answers name the outcome, not the request that there was no time for."""
    client = make_client(ScriptedTransport(reply(status, {"error": "x"})), clock, timeout_s=1.0)
    with pytest.raises(RejectedError, match=r"what came back: 40"):
        client.fetch_timeline()


def test_a_404_to_an_approval_passes(clock: ManualClock) -> None:
    """It is what IMDS says while it is not ready; the error of one that stays counts all requests."""
    client = make_client(ScriptedTransport(reply(200, document(raw_event())), reply(404), reply(200)), clock)
    assert client.approve("A")
    client = make_client(ScriptedTransport(reply(200, document(raw_event())), reply(404)), clock, timeout_s=3.0)
    with pytest.raises(UnavailableError, match=r" [4-9] requests in "):
        client.approve("A")


def test_retries_last_until_the_deadline(clock: ManualClock) -> None:
    """Where asking again may help, the whole time is used."""
    began = clock.passed
    with pytest.raises(UnavailableError):
        make_client(ScriptedTransport(reply(503)), clock, timeout_s=1.0).fetch_timeline()
    assert clock.passed - began > 0.7


@pytest.mark.parametrize("transport", [HttpTransport, RequestsTransport])
def test_requests_as_they_are_sent(transport: Callable[[], Any], reporter: ListReporter) -> None:
    """Events are asked for by GET, without a type of content; an approval is a POST of JSON. Both are reported so."""
    received: list[tuple[str, dict[str, str], bytes]] = []

    def behave(server: RawServer, connection: socket.socket) -> None:
        while server.read_request(connection):
            head, _, body = server.requests[-1].partition(b"\r\n\r\n")
            first, *lines = head.decode().split("\r\n")
            headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
            while len(body) < int(headers.get("content-length", 0)):
                body += connection.recv(4096)
            received.append((first, headers, body))
            answer = b"" if body else json.dumps(document(raw_event())).encode()
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(answer) + answer)
            if headers.get("connection") == "close":
                return

    with RawServer(behave) as server:
        client = EventClient(server.url, transport, reporter=reporter, timeout_s=5.0, spacing_s=0.0)
        assert client.approve("A", timeline=client.fetch_timeline()) is True
        client.close()
    path = "/metadata/scheduledevents?api-version=2020-07-01"
    assert [first for first, _headers, _body in received] == [f"GET {path} HTTP/1.1", f"POST {path} HTTP/1.1"]
    (_first, asked, nothing), (_second, approved, body) = received
    assert (asked.get("content-type"), nothing) == (None, b"")
    assert approved["content-type"] == "application/json"
    assert json.loads(body) == {"StartRequests": [{"EventId": "A"}]}
    assert approved["content-length"] == str(len(body))
    assert [attempt.split(" (")[0] for attempt in reporter.attempts] == [
        f"GET {server.url}{path}",
        f"POST {server.url}{path}",
    ]


def test_the_same_body_is_parsed_once(clock: ManualClock) -> None:
    """A document that is byte for byte the last one is not parsed again, unless something else is picked from it."""
    picked: list[int] = []

    def pick(listed: list[Any]) -> list[Any]:
        picked.append(len(listed))
        return listed[:1]

    same = reply(200, document(raw_event("A"), raw_event("B")))
    transport = ScriptedTransport(same, same, refused(), same, same, reply(200, document(raw_event("A"))))
    client = EventClient("http://169.254.169.254", transport.open, clock=clock)
    found = [client.fetch_once(pick=pick).value for _answer in range(4)]
    assert [timeline and [event.event_id for event in timeline.events] for timeline in found] == [
        ["A"], ["A"], None, ["A"],
    ]  # fmt: skip
    assert picked == [2, 2]
    assert len(client.fetch_timeline().events) == 2
    assert len(client.fetch_once(pick=pick).value.events) == 1
    assert picked == [2, 2, 1]
