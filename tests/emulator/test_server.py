# SPDX-License-Identifier: Apache-2.0
"""What is odd about a connection rather than about a request."""

from __future__ import annotations

import http.client
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from azure_imds_facts.emulator import Emulator

from .conftest import Command, environment, instance, run_command

Emulate = Callable[..., Emulator]


def talk(url: str, message: bytes) -> bytes:
    """Send bytes as they are; give all that comes back."""
    host, port = url.split("//")[1].split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(message)
        if not message.endswith(b"\r\n\r\n"):  # no request at all: nobody would answer
            connection.shutdown(socket.SHUT_WR)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
    return received


def test_a_connection_is_kept(emulate: Emulate) -> None:
    """Several requests go over one connection, errors and bodies of requests included."""
    url = emulate().url
    connection = http.client.HTTPConnection(url.split("//")[1], timeout=10)
    connection.connect()
    kept = connection.sock
    for method, body, status in [("GET", None, 200), ("POST", b"x" * 200_000, 405), ("GET", None, 200)]:
        connection.request(method, "/metadata/versions", body=body, headers={"Metadata": "true"})
        response = connection.getresponse()
        response.read()
        assert response.status == status
    assert connection.sock is kept
    connection.close()


def test_pipelined_requests_are_answered_in_order(emulate: Emulate) -> None:
    """Requests that are sent without waiting are answered one after another."""
    request = b"GET /metadata/instance/compute/%s?api-version=2021-02-01&format=text HTTP/1.1\r\nHost: x\r\nMetadata: true\r\n"
    message = request % b"name" + b"\r\n" + request % b"zone" + b"Connection: close\r\n\r\n"
    received = talk(emulate().url, message)
    assert received.count(b"HTTP/1.1 200 OK") == 2
    assert received.index(b"\r\n\r\nweb-01") < received.index(b"\r\n\r\n1")


def test_a_proxys_absolute_form(emulate: Emulate) -> None:
    """A request as one sends it to a proxy is read like any other."""
    message = b"GET http://169.254.169.254/metadata/versions HTTP/1.1\r\nHost: x\r\nMetadata: true\r\nConnection: close\r\n\r\n"
    assert b'{"apiVersions":["2017-03-01"' in talk(emulate().url, message)


@pytest.mark.parametrize(
    "message",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # a client that speaks TLS
        b"nonsense\r\n\r\n",
        b"GET /metadata/\xff\xfe?x=\xff HTTP/1.1\r\nHost: x\r\nMetadata: true\r\nConnection: close\r\n\r\n",
        b"GET /%ff%00/%2e%2e HTTP/1.1\r\nHost: x\r\nMetadata: true\r\nConnection: close\r\n\r\n",
        b"GET /metadata/instance/network/interface/" + b"9" * 6000 + b"?api-version=2021-02-01 HTTP/1.1\r\nHost: x\r\n"
        b"Metadata: true\r\nConnection: close\r\n\r\n",
        b"GET /" + b"a" * 20000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"",
    ],
    ids=["tls", "nonsense", "bytes", "escapes", "digits", "long", "nothing"],
)
def test_nonsense_is_survived(serve: Callable[..., Command], tmp_path: Path, message: bytes) -> None:
    """Whatever is sent is answered with a 4xx or not at all; nothing but log lines is written, and it goes on."""
    log = tmp_path / "log"
    command = serve("--log", str(log))
    received = talk(command.url, message)
    assert received == b"" or received.startswith(b"HTTP/1.")
    assert b" 500 " not in received.split(b"\r\n")[0]
    assert instance(command.url).status == 200
    code, errors = command.stop()
    assert (code, errors) == (0, "")


def test_a_client_that_goes_away(emulate: Emulate) -> None:
    """A client that leaves in the middle of a slow answer disturbs nobody."""
    emulator = emulate(fault="drip=5ms,slow=200ms")
    for _ in range(2):
        host, port = emulator.url.split("//")[1].split(":")
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(b"GET /metadata/versions HTTP/1.1\r\nHost: x\r\nMetadata: true\r\n\r\n")
            if not emulator.requests:
                connection.recv(10)
    assert instance(emulator.url).status == 200


def test_without_the_extra_one_line_says_so() -> None:
    """Where aiohttp is missing the command names the extra and ends with 2; flags and help work all the same."""
    script = (
        "import sys; sys.modules['aiohttp'] = None; sys.argv = ['emulate', *sys.argv[1:]];"
        "import runpy; runpy.run_module('azure_imds_facts.emulator', run_name='__main__')"
    )
    words = [sys.executable, "-c", script]
    result = subprocess.run(words, env=environment(), capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == (
        "azure-imds-facts emulate: serving needs aiohttp: pip install 'azure-imds-facts[emulator]'\n"
    )
    helped = subprocess.run([*words, "--help"], env=environment(), capture_output=True, text=True, check=False)
    assert (helped.returncode, helped.stderr) == (0, "")


def test_help_names_the_choices() -> None:
    """--help lists clouds, machines and events."""
    shown = " ".join(run_command("--help").stdout.split())
    for words in ("public, government, china, german, stack", "linux, windows, vmss", "Freeze, Reboot, Redeploy"):
        assert words in shown
