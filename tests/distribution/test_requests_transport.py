# SPDX-License-Identifier: Apache-2.0
"""Test what the transport on requests does with an open connection."""

from __future__ import annotations

import socket
import threading
import time

import pytest
from azure_imds_facts.core.clock import Clock, Deadline
from azure_imds_facts.core.transport import TransportError
from azure_imds_facts.requests_transport import RequestsTransport

from tests.support.servers import RawServer, answering
from tests.support.stopwatch import Stopwatch


def test_connection_is_reused() -> None:
    """Several requests share one connection, each with the address that it was asked from."""
    transport = RequestsTransport()
    with RawServer(answering(b"{}")) as server:
        answers = [transport.fetch(server.url + "/", {}, Deadline(2.0, Clock())) for _ in range(3)]
        transport.close()
        assert server.connections == 1
    assert [answer.local_address for answer in answers] == ["127.0.0.1"] * 3


def test_a_misdirected_connection_is_not_reused() -> None:
    """After a 421, which is about the connection, the next request has a new one, though the server kept it open."""
    misdirected = b"HTTP/1.1 421 No\r\nContent-Length: 0\r\n\r\n"

    def behave(server: RawServer, connection: socket.socket) -> None:
        while server.read_request(connection):
            connection.sendall(misdirected)

    transport = RequestsTransport()
    with RawServer(behave) as server:
        for _ in range(2):
            assert transport.fetch(server.url, {}, Deadline(5, Clock())).status == 421
        assert server.connections == 2
    transport.close()


def test_each_request_has_its_own_deadline() -> None:
    """On an open connection the deadline is the new request's: neither the old one ends it, nor is it longer."""

    def behave(server: RawServer, connection: socket.socket) -> None:
        while server.read_request(connection):
            if len(server.requests) == 3:
                server.ended.wait(10)
            time.sleep(0.1 * len(server.requests))
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    transport = RequestsTransport()
    with RawServer(behave) as server:
        transport.fetch(server.url + "/", {}, Deadline(0.25, Clock()))
        time.sleep(0.2)
        transport.fetch(server.url + "/", {}, Deadline(2.0, Clock()))
        watch = Stopwatch()
        with pytest.raises(TransportError, match="in time"):
            transport.fetch(server.url + "/", {}, Deadline(0.3, Clock()))
        assert watch.seconds < 0.55
        assert server.connections == 1
        transport.close()


def test_open_connection_that_was_closed() -> None:
    """A server that closed the open connection costs at the most one failed attempt."""

    def behave(server: RawServer, connection: socket.socket) -> None:
        server.read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    transport = RequestsTransport()
    with RawServer(behave) as server:
        transport.fetch(server.url + "/", {}, Deadline(1.0, Clock()))
        time.sleep(0.1)
        assert transport.fetch(server.url + "/", {}, Deadline(1.0, Clock())).body == b"{}"
        transport.close()


def test_answer_cut_short_is_not_mixed_into_the_next() -> None:
    """After an answer over the limit the next request does not read its rest."""

    def behave(server: RawServer, connection: socket.socket) -> None:
        while server.read_request(connection):
            size = 2 * 1024 * 1024 if len(server.requests) == 1 else 2
            connection.sendall(
                b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + (b"y" * size if size > 2 else b"{}")
            )

    transport = RequestsTransport()
    with RawServer(behave) as server:
        assert len(transport.fetch(server.url + "/", {}, Deadline(2.0, Clock())).body) == 1024 * 1024 + 1
        assert transport.fetch(server.url + "/", {}, Deadline(2.0, Clock())).body == b"{}"
        transport.close()


def test_threads_may_share_it() -> None:
    """Each thread's request goes by its own deadline."""
    transport = RequestsTransport()
    ended: list[object] = []

    def fetch(url: str, seconds: float) -> None:
        try:
            ended.append(transport.fetch(url + "/", {}, Deadline(seconds, Clock())).status)
        except TransportError:
            ended.append("late")

    with RawServer(answering(b"{}", delay_s=0.3)) as server:
        threads = [threading.Thread(target=fetch, args=(server.url, seconds)) for seconds in (0.1, 2.0, 0.1, 2.0)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        transport.close()
    assert sorted(map(str, ended)) == ["200", "200", "late", "late"]
