# SPDX-License-Identifier: Apache-2.0
"""Rate limits: five requests a second, a separate limit for identity, and changes at run time."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from azure_imds_facts.emulator import EmulatorError
from azure_imds_facts.emulator.http.limits import Limits, Quota
from azure_imds_facts.emulator.http.request import Request

from tests.emulator.client import StartEmulator, get_instance, send_request
from tests.emulator.clock import ManualClock
from tests.emulator.processes import StartCommand

TOKEN = "/metadata/identity/oauth2/token"


def build_request(path: str = "/metadata/instance") -> Request:
    """Build a request for a path."""
    return Request("GET", path, "", {})


def is_admitted(limits: Limits, path: str = "/metadata/instance") -> bool:
    """Make one request that ends immediately; return whether it was admitted."""
    with limits.admit(build_request(path)) as rejection:
        return rejection is None


def test_five_requests_a_second() -> None:
    """The sixth request within a second is rejected; a second after the first, one is admitted again."""
    clock = ManualClock()
    limits = Limits(Quota(), clock=clock)
    assert [is_admitted(limits) for _ in range(7)] == [True] * 5 + [False] * 2
    clock.now += 0.99
    assert not is_admitted(limits)
    clock.now += 0.01
    assert is_admitted(limits)


def test_identity_counts_separately() -> None:
    """Identity has a separate limit of twenty a second."""
    limits = Limits(Quota(), clock=ManualClock())
    assert [is_admitted(limits, TOKEN) for _ in range(21)] == [True] * 20 + [False]
    assert is_admitted(limits)


def test_a_rejection_has_the_form_of_its_endpoint() -> None:
    """Below identity it is JSON with a description, elsewhere plain text (both recorded), with Retry-After if set."""
    limits = Limits(Quota(rate_limit=1, identity_rate_limit=1, retry_after=1.5), clock=ManualClock())
    rejections = {}
    for path in (TOKEN, "/metadata/instance"):
        assert is_admitted(limits, path)
        with limits.admit(build_request(path)) as rejection:
            assert rejection is not None
            rejections[path] = rejection
    body = b'{"error":"invalid_request","error_description":"Temporarily throttled, too many requests"}'
    assert (rejections[TOKEN].body, rejections["/metadata/instance"].body) == (body, b"Too many requests")
    assert rejections[TOKEN].content_type == "application/json; charset=utf-8"
    assert {each.headers["Retry-After"] for each in rejections.values()} == {"2"}


def test_five_identity_requests_at_once() -> None:
    """While five identity requests are processed, the sixth is rejected; when one ends, another is admitted."""
    limits = Limits(Quota(), clock=ManualClock())
    held = [limits.admit(build_request(TOKEN)) for _ in range(5)]
    assert [each.__enter__() for each in held] == [None] * 5
    assert not is_admitted(limits, TOKEN)
    held[0].__exit__(None, None, None)
    assert is_admitted(limits, TOKEN)


def test_zero_is_no_limit() -> None:
    """A rate of 0 turns every limit off."""
    limits = Limits(Quota(rate_limit=0), clock=ManualClock())
    assert all(is_admitted(limits, path) for path in (TOKEN, "/metadata/instance") for _ in range(100))


@pytest.mark.parametrize(("flags", "retry_after"), [((), None), (("--retry-after", "2"), "2")])
def test_the_command_throttles(start_command: StartCommand, flags: tuple[str, ...], retry_after: str | None) -> None:
    """By default the command sends 429 after five requests, with the recorded text and no Retry-After."""
    command = start_command(*flags)
    responses = [get_instance(command.url) for _ in range(8)]
    refused = [response for response in responses if response.status == 429]
    assert refused
    assert refused[0].body == b"Too many requests"
    assert refused[0].headers["Retry-After"] == retry_after


def test_a_test_throttles_while_it_runs(start_emulator: StartEmulator) -> None:
    """`throttle()` sets limits for the requests to come, and lifts them."""
    emulator = start_emulator()
    assert {get_instance(emulator.url).status for _ in range(10)} == {200}
    emulator.throttle(1, retry_after=3)
    assert get_instance(emulator.url).status == 200
    response = get_instance(emulator.url)
    assert (response.status, response.headers["Retry-After"]) == (429, "3")
    emulator.throttle(0)
    assert get_instance(emulator.url).status == 200


@pytest.mark.parametrize("retry_after", ["3s", 3, 2.5])
def test_a_time_is_text_or_seconds(start_emulator: StartEmulator, retry_after: object) -> None:
    """`throttle()` takes the times that `--change` takes."""
    emulator = start_emulator()
    emulator.throttle(rate_limit=1, retry_after=retry_after)  # type: ignore[arg-type]
    responses = [get_instance(emulator.url) for _ in range(2)]
    assert [response.status for response in responses] == [200, 429]
    assert responses[1].headers["Retry-After"] == "3"


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"rate_limit": "1"}, "throttle: rate_limit: expected a number of 0 or more, not '1'"),
        ({"rate_limit": -1}, "throttle: rate_limit: expected a number"),
        ({"rate_limit": 1, "retry_after": "soon"}, "throttle: retry_after: invalid duration 'soon'"),
    ],
)
def test_an_invalid_limit_changes_nothing(start_emulator: StartEmulator, limits: Any, message: str) -> None:
    """`throttle()` refuses what no request could be answered with, and every limit stays what it was."""
    emulator = start_emulator()
    with pytest.raises(EmulatorError, match=message):
        emulator.throttle(**limits)
    assert {get_instance(emulator.url).status for _ in range(3)} == {200}


def test_concurrent_identity_requests_over_http(start_emulator: StartEmulator) -> None:
    """Of six concurrent identity requests, one is rejected."""
    emulator = start_emulator(rate_limit=5)
    emulator.fault("slow=500ms*forever", path="/metadata/identity")
    statuses: list[int] = []
    query = f"{TOKEN}?api-version=2018-02-01&resource=https://vault.azure.net"
    threads = [
        threading.Thread(target=lambda: statuses.append(send_request(emulator.url, query).status)) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses.count(429) == 1
