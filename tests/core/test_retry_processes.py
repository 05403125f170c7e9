# SPDX-License-Identifier: Apache-2.0
"""Test retries in single flight with real processes: one asks, the others wait for its answer."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Callable

import azure_imds_facts
import pytest

from tests.support.documents import build_document
from tests.support.servers import RawServer, answering, reset
from tests.support.stopwatch import Stopwatch

ROOT = Path(azure_imds_facts.__file__).parents[1]
BODY = json.dumps(build_document()).encode()
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(BODY)
# Waits for a line before it collects, so that all begin together.
PROGRAM = """
import sys
from azure_imds_facts.core.collector import collect
from azure_imds_facts.core.errors import ImdsError
from azure_imds_facts.core.transport import HttpTransport
from azure_imds_facts.core.settings import build_settings
settings = build_settings(dict(endpoint=sys.argv[1], cache_dir=sys.argv[2], timeout=sys.argv[3]), {})
print("ready", flush=True)
sys.stdin.readline()
try:
    snapshot = collect(settings, open_transport=HttpTransport)
    print(snapshot.source, snapshot.document["compute"]["vmSize"], flush=True)
except ImdsError as error:
    print(error.outcome, flush=True)
"""
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start collecting processes that wait for `go`; the rest is killed at the end."""
    started: list[subprocess.Popen[str]] = []

    def run(url: str, *, timeout: float = 60) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-S", "-c", PROGRAM, url, str(tmp_path / "cache"), str(timeout)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        started.append(process)
        return process

    yield run
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def go(*processes: subprocess.Popen[str]) -> None:
    """Wait until all are ready, then let all begin."""
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()


def test_fifty_at_once(start: Start) -> None:
    """Fifty processes with a cold cache make one request, and all have the facts."""
    with RawServer(answering(BODY, delay_s=0.3)) as server:
        processes = [start(server.url) for _ in range(50)]
        go(*processes)
        ended = [process.communicate(timeout=60)[0] for process in processes]
        assert len(server.requests) == 1
    assert sorted(set(ended)) == ["cache Standard_D2s_v3\n", "imds Standard_D2s_v3\n"]
    assert ended.count("imds Standard_D2s_v3\n") == 1


def test_holder_killed(start: Start) -> None:
    """A holder that is killed blocks no other: the next one asks at once."""

    def behave(server: RawServer, connection: socket.socket) -> None:
        server.read_request(connection)
        if len(server.requests) == 1:
            server.ended.wait(20)
        connection.sendall(HEAD + BODY)

    with RawServer(behave) as server:
        holder, waiting = start(server.url), start(server.url)
        go(holder)
        wait_for(lambda: len(server.requests) == 1)
        go(waiting)
        time.sleep(0.2)
        assert len(server.requests) == 1
        os.kill(holder.pid, signal.SIGKILL)
        watch = Stopwatch()
        assert waiting.communicate(timeout=20)[0] == "imds Standard_D2s_v3\n"
        assert watch.seconds < 2.0


def test_holder_hanging(start: Start) -> None:
    """Who waits for a holder that hangs waits no longer than its own deadline."""

    def behave(server: RawServer, connection: socket.socket) -> None:
        server.read_request(connection)
        server.ended.wait(20)

    with RawServer(behave) as server:
        holder, waiting = start(server.url, timeout=30), start(server.url, timeout=1)
        go(holder)
        wait_for(lambda: len(server.requests) == 1)
        began, watch = time.monotonic(), Stopwatch()
        go(waiting)
        assert waiting.communicate(timeout=20)[0] == "unreachable\n"
        assert time.monotonic() - began > 0.8
        assert watch.seconds < 1.0 + 1.5
        assert len(server.requests) == 1


def test_lock_is_for_one_attempt(start: Start) -> None:
    """Between its attempts a patient process lets others ask."""

    def behave(server: RawServer, connection: socket.socket) -> None:
        server.read_request(connection)
        if len(server.requests) < 4:
            reset(connection)
        else:
            connection.sendall(HEAD + BODY)

    with RawServer(behave) as server:
        processes = [start(server.url, timeout=20) for _ in range(4)]
        go(*processes)
        ended = [process.communicate(timeout=30)[0] for process in processes]
        assert len(server.requests) == 4
    assert ended.count("imds Standard_D2s_v3\n") == 1
    assert ended.count("cache Standard_D2s_v3\n") == 3


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until something has happened."""
    for _ in range(1000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it never happened")
