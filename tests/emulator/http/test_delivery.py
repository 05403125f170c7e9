# SPDX-License-Identifier: Apache-2.0
"""Responses as clients receive them, with each kind of fault."""

from __future__ import annotations

import email.utils
import http.client
import json
import socket
import time

import pytest

from tests.emulator.client import StartEmulator, get_instance, send_request


def test_status_bodies(start_emulator: StartEmulator) -> None:
    """429 has the recorded plain text, others the generic envelope."""
    emulator = start_emulator(fault="429,503,410")
    throttled, unavailable, gone = (get_instance(emulator.url) for _ in range(3))
    assert (throttled.body, throttled.headers["Content-Type"]) == (
        b"Too many requests",
        "text/plain; charset=utf-8",
    )
    assert "Retry-After" not in throttled.headers
    assert unavailable.json == {"error": "Service unavailable"}
    assert gone.json == {"error": "Gone"}


def test_retry_after_is_sent_as_seconds_or_as_a_date(start_emulator: StartEmulator) -> None:
    """`retry-after` is sent unchanged, `retry-after-date` as an HTTP date that far ahead."""
    emulator = start_emulator(fault="429:retry-after=2,503:retry-after-date=60s")
    assert get_instance(emulator.url).headers["Retry-After"] == "2"
    moment = email.utils.parsedate_to_datetime(get_instance(emulator.url).headers["Retry-After"])
    assert 55 < moment.timestamp() - time.time() <= 61


@pytest.mark.parametrize("fault", ["reset", "close"])
def test_a_connection_ends_without_a_response(start_emulator: StartEmulator, fault: str) -> None:
    """`reset` and `close` leave the client with a broken connection, and the next request works."""
    emulator = start_emulator(fault=fault)
    expected = ConnectionResetError if fault == "reset" else http.client.RemoteDisconnected
    with pytest.raises(expected):
        get_instance(emulator.url)
    assert get_instance(emulator.url).status == 200
    assert [record.status for record in emulator.requests] == [0, 200]


def test_a_body_is_truncated(start_emulator: StartEmulator) -> None:
    """`truncate` announces the whole length and sends half of it."""
    emulator = start_emulator(fault="truncate")
    with pytest.raises(http.client.IncompleteRead) as caught:
        get_instance(emulator.url)
    assert caught.value.partial
    assert caught.value.expected


def test_a_request_is_left_hanging(start_emulator: StartEmulator) -> None:
    """`hang` sends no response; the client's timeout ends it, and closing the emulator does not wait for it."""
    emulator = start_emulator(fault="hang")
    with pytest.raises(socket.timeout):
        send_request(emulator.url, "/metadata/versions", timeout=0.3)
    assert [record.path for record in emulator.requests] == ["/metadata/versions"]
    began = time.monotonic()
    emulator.close()
    assert time.monotonic() - began < 3


def test_a_response_is_late(start_emulator: StartEmulator) -> None:
    """`slow` delays the response; `after` delays any step."""
    emulator = start_emulator(fault="slow=300ms,500:after=300ms")
    for status in (200, 500):
        began = time.monotonic()
        assert get_instance(emulator.url).status == status
        assert time.monotonic() - began >= 0.3


def test_a_response_drips(start_emulator: StartEmulator) -> None:
    """`drip` sends byte by byte, headers included, and the response is complete in the end."""
    emulator = start_emulator(fault="drip=1ms")
    began = time.monotonic()
    response = send_request(emulator.url, "/metadata/versions")
    assert len(response.json["apiVersions"]) == 35
    assert time.monotonic() - began > 0.5


def test_responses_that_are_not_from_imds(start_emulator: StartEmulator) -> None:
    """`html`, `redirect`, `garbage` and `huge` replace the response of IMDS."""
    emulator = start_emulator(fault="html,redirect=http://127.0.0.1:1/in,garbage,huge=3000000")
    page, moved, noise, big = (get_instance(emulator.url) for _ in range(4))
    assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert page.text.startswith("<!DOCTYPE html>")
    assert (moved.status, moved.headers["Location"]) == (302, "http://127.0.0.1:1/in")
    with pytest.raises(UnicodeDecodeError):
        noise.body.decode()
    assert len(big.body) == 3_000_000
    assert json.loads(big.body)["compute"]


def test_a_document_is_partial(start_emulator: StartEmulator) -> None:
    """`partial` removes the network; with extended=true IMDS fails instead."""
    emulator = start_emulator(fault="partial*3")
    assert list(get_instance(emulator.url).json) == ["compute"]
    assert get_instance(emulator.url, query="&extended=true").status == 500
    assert get_instance(emulator.url, "/network").status == 404
    assert list(get_instance(emulator.url).json) == ["compute", "network"]
