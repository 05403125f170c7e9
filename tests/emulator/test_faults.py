# SPDX-License-Identifier: Apache-2.0
"""Fault scripts: their grammar, and what a client meets."""

from __future__ import annotations

import email.utils
import http.client
import json
import socket
import time
from collections.abc import Callable

import pytest
from azure_imds_facts.emulator import Emulator, EmulatorError
from azure_imds_facts.emulator.http.faults import parse_fault_script

from .conftest import ask, instance

Emulate = Callable[..., Emulator]


def test_a_script_is_a_sequence(emulate: Emulate) -> None:
    """Each step answers one request, `*N` several; afterwards requests are answered again."""
    emulator = emulate(fault="410*3,500,ok,404")
    statuses = [instance(emulator.url).status for _ in range(8)]
    assert statuses == [410, 410, 410, 500, 200, 404, 200, 200]
    assert [record.status for record in emulator.requests] == statuses


def test_a_script_for_ever_lasts_until_it_is_replaced(emulate: Emulate) -> None:
    """`*forever` never ends by itself; an empty script does."""
    emulator = emulate(fault="503*forever")
    assert [instance(emulator.url).status for _ in range(5)] == [503] * 5
    emulator.fault("")
    assert instance(emulator.url).status == 200


def test_a_path_has_a_script_of_its_own(emulate: Emulate) -> None:
    """The longest path that fits rules; other paths go on."""
    emulator = emulate()
    emulator.fault("500*forever", path="/metadata/instance")
    emulator.fault("410*forever", path="/metadata/instance/compute")
    assert instance(emulator.url).status == 500
    assert instance(emulator.url, "/compute").status == 410
    assert instance(emulator.url, "/computer").status == 500
    assert ask(emulator.url, "/metadata/versions").status == 200


def test_status_bodies(emulate: Emulate) -> None:
    """429 has the recorded plain text, others the generic envelope."""
    emulator = emulate(fault="429,503,410")
    throttled, unavailable, gone = (instance(emulator.url) for _ in range(3))
    assert (throttled.body, throttled.headers["Content-Type"]) == (
        b"Too many requests",
        "text/plain; charset=utf-8",
    )
    assert "Retry-After" not in throttled.headers
    assert unavailable.json == {"error": "Service unavailable"}
    assert gone.json == {"error": "Gone"}


def test_retry_after_is_sent_as_seconds_or_as_a_date(emulate: Emulate) -> None:
    """`retry-after` goes out as it is written, `retry-after-date` as an HTTP date that far ahead."""
    emulator = emulate(fault="429:retry-after=2,503:retry-after-date=60s")
    assert instance(emulator.url).headers["Retry-After"] == "2"
    moment = email.utils.parsedate_to_datetime(instance(emulator.url).headers["Retry-After"])
    assert 55 < moment.timestamp() - time.time() <= 61


@pytest.mark.parametrize("fault", ["reset", "close"])
def test_a_connection_ends_without_an_answer(emulate: Emulate, fault: str) -> None:
    """`reset` and `close` leave the client with a broken connection, and the next request works."""
    emulator = emulate(fault=fault)
    expected = ConnectionResetError if fault == "reset" else http.client.RemoteDisconnected
    with pytest.raises(expected):
        instance(emulator.url)
    assert instance(emulator.url).status == 200
    assert [record.status for record in emulator.requests] == [0, 200]


def test_a_body_is_cut_short(emulate: Emulate) -> None:
    """`truncate` announces the whole length and sends half of it."""
    emulator = emulate(fault="truncate")
    with pytest.raises(http.client.IncompleteRead) as caught:
        instance(emulator.url)
    assert caught.value.partial
    assert caught.value.expected


def test_a_request_is_left_hanging(emulate: Emulate) -> None:
    """`hang` never answers; the client's own timeout ends it, and closing the emulator does not wait for it."""
    emulator = emulate(fault="hang")
    with pytest.raises(socket.timeout):
        ask(emulator.url, "/metadata/versions", timeout=0.3)
    assert [record.path for record in emulator.requests] == ["/metadata/versions"]
    began = time.monotonic()
    emulator.close()
    assert time.monotonic() - began < 3


def test_an_answer_comes_late(emulate: Emulate) -> None:
    """`slow` waits before it answers; `after` delays any step."""
    emulator = emulate(fault="slow=300ms,500:after=300ms")
    for status in (200, 500):
        began = time.monotonic()
        assert instance(emulator.url).status == status
        assert time.monotonic() - began >= 0.3


def test_an_answer_drips(emulate: Emulate) -> None:
    """`drip` sends byte by byte, headers included, and the answer is whole in the end."""
    emulator = emulate(fault="drip=1ms")
    began = time.monotonic()
    reply = ask(emulator.url, "/metadata/versions")
    assert len(reply.json["apiVersions"]) == 35
    assert time.monotonic() - began > 0.5


def test_what_answers_is_not_imds(emulate: Emulate) -> None:
    """`html`, `redirect`, `garbage` and `huge` are what stands in IMDS's place elsewhere."""
    emulator = emulate(fault="html,redirect=http://127.0.0.1:1/in,garbage,huge=3000000")
    page, moved, noise, big = (instance(emulator.url) for _ in range(4))
    assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert page.text.startswith("<!DOCTYPE html>")
    assert (moved.status, moved.headers["Location"]) == (302, "http://127.0.0.1:1/in")
    with pytest.raises(UnicodeDecodeError):
        noise.body.decode()
    assert len(big.body) == 3_000_000
    assert json.loads(big.body)["compute"]


def test_a_document_is_partial(emulate: Emulate) -> None:
    """`partial` leaves the network out; with extended=true IMDS fails instead."""
    emulator = emulate(fault="partial*3")
    assert list(instance(emulator.url).json) == ["compute"]
    assert instance(emulator.url, query="&extended=true").status == 500
    assert instance(emulator.url, "/network").status == 404
    assert list(instance(emulator.url).json) == ["compute", "network"]


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("explode", "unknown kind 'explode'; allowed: a status or ok, hang, reset"),
        ("99", "unknown kind '99'"),
        ("600", "unknown kind '600'"),
        ("500*0", "invalid repetition '0'; allowed: 1 and more, or forever"),
        ("500*x", "invalid repetition 'x'"),
        ("429:retry=2", "unknown option 'retry'; allowed: after, retry-after, retry-after-date"),
        ("slow=soon", "invalid duration 'soon'"),
        ("500:after=x", "invalid duration 'x'"),
        ("huge=big", "invalid size 'big'"),
        ("hang=2s", "hang takes no value"),
        (",", "no step; allowed"),
    ],
)
def test_a_wrong_script_is_refused(script: str, message: str) -> None:
    """A script that cannot be followed is refused with the step and what is allowed."""
    with pytest.raises(EmulatorError) as caught:
        parse_fault_script(script)
    assert message in str(caught.value)
