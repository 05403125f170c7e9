# SPDX-License-Identifier: Apache-2.0
"""The HTTP server: connections, malformed requests, and the record of requests."""

from __future__ import annotations

import http.client
import socket
from pathlib import Path

import pytest

from tests.emulator.client import StartEmulator, get_instance
from tests.emulator.processes import StartCommand


def exchange_bytes(url: str, message: bytes) -> bytes:
    """Send bytes unchanged; return all bytes received."""
    host, port = url.split("//")[1].split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(message)
        if not message.endswith(b"\r\n\r\n"):  # not a complete request, so there is no response to wait for
            connection.shutdown(socket.SHUT_WR)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
    return received


def test_a_connection_is_reused(start_emulator: StartEmulator) -> None:
    """Several requests go over one connection, errors and bodies of requests included."""
    url = start_emulator().url
    connection = http.client.HTTPConnection(url.split("//")[1], timeout=10)
    connection.connect()
    first_socket = connection.sock
    for method, body, status in [("GET", None, 200), ("POST", b"x" * 200_000, 405), ("GET", None, 200)]:
        connection.request(method, "/metadata/versions", body=body, headers={"Metadata": "true"})
        response = connection.getresponse()
        response.read()
        assert response.status == status
    assert connection.sock is first_socket
    connection.close()


def test_pipelined_requests_are_answered_in_order(start_emulator: StartEmulator) -> None:
    """Pipelined requests get their responses in order."""
    request = b"GET /metadata/instance/compute/%s?api-version=2021-02-01&format=text HTTP/1.1\r\nHost: localhost\r\nMetadata: true\r\n"
    message = request % b"name" + b"\r\n" + request % b"zone" + b"Connection: close\r\n\r\n"
    received = exchange_bytes(start_emulator().url, message)
    assert received.count(b"HTTP/1.1 200 OK") == 2
    assert received.index(b"\r\n\r\nweb-01") < received.index(b"\r\n\r\n1")


def test_a_proxys_absolute_form(start_emulator: StartEmulator) -> None:
    """A request in the absolute form, as for a proxy, is served like any other."""
    message = b"GET http://169.254.169.254/metadata/versions HTTP/1.1\r\nHost: x\r\nMetadata: true\r\nConnection: close\r\n\r\n"
    assert b'{"apiVersions":["2017-03-01"' in exchange_bytes(start_emulator().url, message)


@pytest.mark.parametrize(
    "message",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # a client that speaks TLS
        b"nonsense\r\n\r\n",
        b"GET /metadata/\xff\xfe?x=\xff HTTP/1.1\r\nHost: localhost\r\nMetadata: true\r\nConnection: close\r\n\r\n",
        b"GET /%ff%00/%2e%2e HTTP/1.1\r\nHost: localhost\r\nMetadata: true\r\nConnection: close\r\n\r\n",
        b"GET /metadata/instance/network/interface/"
        + b"9" * 6000
        + b"?api-version=2021-02-01 HTTP/1.1\r\nHost: localhost\r\n"
        b"Metadata: true\r\nConnection: close\r\n\r\n",
        b"GET /" + b"a" * 20000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"",
    ],
    ids=["tls", "nonsense", "bytes", "escapes", "digits", "long", "nothing"],
)
def test_the_server_survives_nonsense(start_command: StartCommand, tmp_path: Path, message: bytes) -> None:
    """Any input gets a 4xx or no response; only log lines are written, and the server continues."""
    log = tmp_path / "log"
    command = start_command("--log", str(log))
    received = exchange_bytes(command.url, message)
    assert received == b"" or received.startswith(b"HTTP/1.")
    assert b" 500 " not in received.split(b"\r\n")[0]
    assert get_instance(command.url).status == 200
    code, errors = command.stop()
    assert (code, errors) == (0, "")


def test_a_client_that_disconnects(start_emulator: StartEmulator) -> None:
    """A client that disconnects during a slow response does not affect later requests."""
    emulator = start_emulator(fault="drip=5ms,slow=200ms")
    for _ in range(2):
        host, port = emulator.url.split("//")[1].split(":")
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(b"GET /metadata/versions HTTP/1.1\r\nHost: localhost\r\nMetadata: true\r\n\r\n")
            if not emulator.requests:
                connection.recv(10)
    assert get_instance(emulator.url).status == 200


def test_requests_are_recorded(start_emulator: StartEmulator) -> None:
    """Each request is recorded with method, path, query, headers and status, and the list can be cleared."""
    emulator = start_emulator()
    get_instance(emulator.url, "/compute", version="2021-02-01")
    record = emulator.requests[0]
    assert (record.method, record.path, record.status) == ("GET", "/metadata/instance/compute", 200)
    assert record.query == {"api-version": "2021-02-01"}
    assert record.headers["metadata"] == "true"
    emulator.requests.clear()
    get_instance(emulator.url)
    assert len(emulator.requests) == 1
