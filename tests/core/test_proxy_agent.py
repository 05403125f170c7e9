# SPDX-License-Identifier: Apache-2.0
"""Test what Azure's metadata proxy agent says of itself, and what a collection makes of it."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path
from typing import Any, Callable

import pytest
from azure_imds_facts.core import proxy_agent
from azure_imds_facts.core.clock import Clock
from azure_imds_facts.core.errors import ImdsError, NotAzureError, RejectedError
from azure_imds_facts.emulator import Emulator

from tests.support.clocks import ManualClock
from tests.support.documents import build_document
from tests.support.hosts import build_host
from tests.support.scripted import ScriptedTransport, reply
from tests.support.servers import RawServer, refused_port, sending

Collect = Callable[..., Any]
FORWARDED = {"x_ms_azure_host_authorization": "value"}


def ask(port: int, monkeypatch: pytest.MonkeyPatch) -> bool | None:
    """Ask an agent at a port of this machine."""
    monkeypatch.setattr(proxy_agent, "ADDRESS", f"127.0.0.1:{port}")
    return proxy_agent.fetch_finished(Clock())


def test_finished(monkeypatch: pytest.MonkeyPatch) -> None:
    """The agent's page is asked so that it tells the truth, which takes a moment to compare with."""
    with Emulator(proxy_agent="enforce:unprovisioned") as emulator:
        port = int(emulator.url.rpartition(":")[2])
        assert ask(port, monkeypatch) is False
        emulator.proxy_agent("enforce")
        assert ask(port, monkeypatch) is True


@pytest.mark.parametrize(
    "content",
    [
        b'HTTP/1.1 404 No\r\nContent-Length: 17\r\n\r\n{"finished":true}',
        b'HTTP/1.1 200 OK\r\nContent-Length: 19\r\n\r\n{"finished":"true"}',
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{",
        b"",
    ],
)  # fmt: skip
def test_nothing_of_use(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not the agent's answer says nothing."""
    with RawServer(sending(content)) as server:
        assert ask(server.port, monkeypatch) is None


def test_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """An agent that is not there or silent takes half a second at most."""
    with refused_port() as port:
        assert ask(port, monkeypatch) is None
    with RawServer(sending(b"", delay_s=5)) as server:
        started = time.monotonic()
        assert ask(server.port, monkeypatch) is None
        assert time.monotonic() - started < 1.5


def test_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A refusal is repeated while the agent is not finished, and once more: it may be older than the finish."""
    said = iter([None, False, True, True])
    monkeypatch.setattr(proxy_agent, "fetch_finished", lambda _clock: next(said))
    patience = proxy_agent.BootPatience(Clock())
    assert [patience.is_worth_asking() for _ in range(4)] == [True, True, True, False]


def test_patience_with_an_agent_that_is_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it has finished before, a refusal costs one more request."""
    monkeypatch.setattr(proxy_agent, "fetch_finished", lambda _clock: True)
    patience = proxy_agent.BootPatience(Clock())
    assert [patience.is_worth_asking() for _ in range(2)] == [True, False]


@pytest.mark.parametrize(("status", "cause"), [(401, "went around it"), (403, "its allow-list")])
def test_a_refusal_passes_at_boot(
    status: int, cause: str, collect_from: Collect, clock: ManualClock, tmp_path: Path
) -> None:
    """While the agent has no key, a refusal is retried; a refusal that it has nothing to do with is not."""
    host = build_host(tmp_path / "host", with_proxy_agent=True)
    pending = {
        "host": host,
        "is_boot": True,
        "is_agent_pending": lambda: clock.passed < 20,
        "timeout": 300,
        "cache_ttl": 0,
    }

    def answer(_url: str) -> Any:
        return reply(status) if clock.passed < 20 else reply(200, build_document(), **FORWARDED)

    snapshot = collect_from(ScriptedTransport(answer), **pending)
    assert (snapshot.source, snapshot.proxy_agent) == ("imds", True)
    assert 20 <= clock.passed < 22
    before = clock.passed
    for other in ({**pending, "is_agent_pending": bool}, {**pending, "is_agent_pending": lambda: False}):
        with pytest.raises(RejectedError, match=cause):
            collect_from(ScriptedTransport(reply(status)), **other)
    without = {**pending, "host": build_host(tmp_path / "bare"), "is_agent_pending": lambda: True}
    elsewhere = {**pending, "endpoint": "http://127.0.0.1:9", "is_agent_pending": lambda: True}
    for other in (without, elsewhere):
        with pytest.raises(RejectedError, match="Asking again cannot help"):
            collect_from(ScriptedTransport(reply(status)), **other)
    assert clock.passed == before


def test_a_refusal_in_words_passes_at_boot(collect_from: Collect, clock: ManualClock, tmp_path: Path) -> None:
    """What refuses while the agent has no key need not be the agent: then the message does not blame it."""
    pending = {"host": build_host(tmp_path / "host", with_proxy_agent=True), "is_boot": True, "timeout": 300}
    refusal = reply(403, {"error": "Forbidden"})
    collected = collect_from(
        ScriptedTransport(refusal, reply(200, build_document())),
        is_agent_pending=lambda: True,
        **pending,
    )
    assert (collected.source, 0 < clock.passed < 2) == ("imds", True)
    with pytest.raises(RejectedError, match="Asking again cannot help"):
        collect_from(ScriptedTransport(refusal), is_agent_pending=lambda: False, cache_ttl=0, **pending)


def test_never_provisioned(collect_from: Collect, clock: ManualClock, tmp_path: Path) -> None:
    """An agent without a key costs the whole boot's time, and then the refusal is the outcome."""
    host = build_host(tmp_path / "host", with_proxy_agent=True)
    with pytest.raises(ImdsError) as caught:
        collect_from(ScriptedTransport(reply(401)), host=host, is_boot=True, is_agent_pending=lambda: True, timeout=300)
    assert (caught.value.outcome, 299 < clock.passed <= 301) == ("rejected", True)
    assert "azure-proxy-agent --status" in str(caught.value)


def test_seen_by_the_header(collect_from: Collect) -> None:
    """An answer that the agent forwarded is known by its header, at any endpoint, and in the cache as well."""
    transport = ScriptedTransport(reply(200, build_document(), **FORWARDED))
    for source in ("imds", "cache"):
        snapshot = collect_from(transport, endpoint="http://127.0.0.1:9")
        assert (snapshot.source, snapshot.proxy_agent, snapshot.local_address) == (source, True, "10.1.0.4")
    assert collect_from(ScriptedTransport(reply(200, build_document())), cache_ttl=0).proxy_agent is False


def test_seen_by_the_address(collect_from: Collect, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection to Azure's own address that ends at loopback was redirected: UDP shows the address of this side."""
    response = reply(200, build_document())
    response.__dict__["local_address"] = "127.0.0.1"
    routes: list[str] = []

    def bind(self: socket.socket, address: object) -> None:
        assert (self.type, address) == (socket.SOCK_DGRAM, ("169.254.169.254", 80))
        if not routes:
            raise OSError(101, "network is unreachable")
        self.bind((routes[0], 0))

    monkeypatch.setattr(socket.socket, "connect", bind)
    for address in ("127.0.0.7", "127.0.0.1"):
        routes[:] = [address] if address != "127.0.0.1" else []
        snapshot = collect_from(ScriptedTransport(response), cache_ttl=0)
        assert (snapshot.proxy_agent, snapshot.local_address) == (True, address)
    snapshot = collect_from(ScriptedTransport(response), endpoint="http://127.0.0.1:9")
    assert (snapshot.proxy_agent, snapshot.local_address) == (False, "127.0.0.1")


@pytest.mark.parametrize("tag", [None, "Amazon EC2"])
def test_nobody_looks_for_it_off_azure(
    tag: str | None, collect_from: Collect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Off Azure nothing is asked and the agent is not looked for; on Azure it is once IMDS has refused."""
    looked_for: list[str] = []
    stat = os.stat

    def counted(path: Any, *arguments: Any, **options: Any) -> Any:
        looked_for.append(str(path))
        return stat(path, *arguments, **options)

    host = build_host(tmp_path / "host", tag=tag)
    transport = ScriptedTransport(reply(403))
    monkeypatch.setattr(os, "stat", counted)
    with pytest.raises(NotAzureError):
        collect_from(transport, host=host)
    assert transport.opened == 0
    assert host.proxy_agent not in looked_for
    # One for Azure's other agent, and one for what says that this is another platform altogether.
    assert len(looked_for) <= 2
    with pytest.raises(RejectedError):
        collect_from(transport, host=build_host(tmp_path / "host"))
    assert looked_for.count(host.proxy_agent) == 1
