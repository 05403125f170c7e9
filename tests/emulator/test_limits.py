# SPDX-License-Identifier: Apache-2.0
"""Rate limits: five requests a second, identity apart, and how they are changed."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from azure_imds_facts.emulator import Emulator
from azure_imds_facts.emulator.http.limits import Limits, Quota
from azure_imds_facts.emulator.http.request import Request

from .conftest import Command, ask, instance

Emulate = Callable[..., Emulator]
TOKEN = "/metadata/identity/oauth2/token"


class Clock:
    """A clock that a test sets."""

    now = 100.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def build_request(path: str = "/metadata/instance") -> Request:
    """Build a request for a path."""
    return Request("GET", path, "", {})


def admitted(limits: Limits, path: str = "/metadata/instance") -> bool:
    """Make one request that ends at once; tell whether it was let through."""
    with limits.admit(build_request(path)) as rejection:
        return rejection is None


def test_five_a_second() -> None:
    """The sixth request within a second is refused; a second after the first there is room again."""
    clock = Clock()
    limits = Limits(Quota(), clock=clock)
    assert [admitted(limits) for _ in range(7)] == [True] * 5 + [False] * 2
    clock.now += 0.99
    assert not admitted(limits)
    clock.now += 0.01
    assert admitted(limits)


def test_identity_counts_apart() -> None:
    """Identity has twenty a second of its own."""
    limits = Limits(Quota(), clock=Clock())
    assert [admitted(limits, TOKEN) for _ in range(21)] == [True] * 20 + [False]
    assert admitted(limits)


def test_five_identity_requests_at_once() -> None:
    """While five identity requests are being answered the sixth is refused; when one ends there is room."""
    limits = Limits(Quota(), clock=Clock())
    held = [limits.admit(build_request(TOKEN)) for _ in range(5)]
    assert [each.__enter__() for each in held] == [None] * 5
    assert not admitted(limits, TOKEN)
    held[0].__exit__(None, None, None)
    assert admitted(limits, TOKEN)


def test_zero_is_no_limit() -> None:
    """A rate of 0 turns every limit off."""
    limits = Limits(Quota(rate_limit=0), clock=Clock())
    assert all(admitted(limits, path) for path in (TOKEN, "/metadata/instance") for _ in range(100))


@pytest.mark.parametrize(("flags", "retry_after"), [((), None), (("--retry-after", "2"), "2")])
def test_the_command_throttles(serve: Callable[..., Command], flags: tuple[str, ...], retry_after: str | None) -> None:
    """By default the command answers 429 after five requests, with the recorded text and no Retry-After."""
    command = serve(*flags)
    replies = [instance(command.url) for _ in range(8)]
    refused = [reply for reply in replies if reply.status == 429]
    assert refused
    assert refused[0].body == b"Too many requests"
    assert refused[0].headers["Retry-After"] == retry_after


def test_a_test_throttles_while_it_runs(emulate: Emulate) -> None:
    """`throttle()` sets limits for the requests to come, and lifts them."""
    emulator = emulate()
    assert {instance(emulator.url).status for _ in range(10)} == {200}
    emulator.throttle(1, retry_after=3)
    assert instance(emulator.url).status == 200
    reply = instance(emulator.url)
    assert (reply.status, reply.headers["Retry-After"]) == (429, "3")
    emulator.throttle(0)
    assert instance(emulator.url).status == 200


def test_concurrent_identity_requests_over_http(emulate: Emulate) -> None:
    """Six identity requests that overlap: one of them is refused."""
    emulator = emulate(rate_limit=5)
    emulator.fault("slow=500ms*forever", path="/metadata/identity")
    statuses: list[int] = []
    query = f"{TOKEN}?api-version=2018-02-01&resource=https://vault.azure.net"
    threads = [threading.Thread(target=lambda: statuses.append(ask(emulator.url, query).status)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses.count(429) == 1
