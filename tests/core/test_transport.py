# SPDX-License-Identifier: Apache-2.0
"""Test both transports against servers that break every rule: each fetch ends in time, with an answer or TransportError."""

from __future__ import annotations

import gzip
import socket
import sys
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Callable

import pytest
from azure_imds_facts.core.clock import Clock, Deadline
from azure_imds_facts.core.json_body import MAX_BYTES
from azure_imds_facts.core.transport import HttpTransport, Response, TransportError
from azure_imds_facts.requests_transport import RequestsTransport

from tests.support.servers import RawServer, answering, reset, sending
from tests.support.stopwatch import Stopwatch

if TYPE_CHECKING:
    from azure_imds_facts.core.transport import Transport

PATIENCE_S = 0.4
GRACE_S = 0.25
OK = b"HTTP/1.1 200 OK\r\n"
Behaviour = Callable[[RawServer, socket.socket], None]


@pytest.fixture(params=[HttpTransport, RequestsTransport])
def transport(request: pytest.FixtureRequest) -> Iterator[Transport]:
    """Each transport in turn."""
    opened = request.param()
    yield opened
    opened.close()


def fetch(
    transport: Transport, url: str, *, seconds: float = PATIENCE_S, agent: str = "test/1"
) -> Response | TransportError:
    """Return how a request ended, having checked that it ended in time."""
    watch = Stopwatch()
    ended: Response | TransportError
    try:
        ended = transport.fetch(url, {"Metadata": "true", "User-Agent": agent}, Deadline(seconds, Clock()))
    except TransportError as error:
        ended = error
    assert watch.seconds < seconds + GRACE_S
    assert isinstance(ended, Response) or str(ended).isprintable()
    return ended


def serve_reset_at_once(server: RawServer, connection: socket.socket) -> None:
    """Reset before the answer."""
    server.read_request(connection)
    reset(connection)


def serve_reset_inside(server: RawServer, connection: socket.socket) -> None:
    """Reset inside the body."""
    server.read_request(connection)
    connection.sendall(OK + b"Content-Length: 100\r\n\r\n{")
    time.sleep(0.05)
    reset(connection)


def answer_unasked(server: RawServer, connection: socket.socket) -> None:
    """Answer before the request has been read, and close: what comes then is refused with a reset."""
    connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\n{}")


def serve_nothing(server: RawServer, connection: socket.socket) -> None:
    """Take the request and stay silent."""
    server.read_request(connection)
    server.ended.wait(10)


def drip_headers(server: RawServer, connection: socket.socket) -> None:
    """Send a byte of the head now and then."""
    server.read_request(connection)
    server.drip(connection, OK + b"X-Slow: " + b"y" * 1000)


def drip_second(server: RawServer, connection: socket.socket) -> None:
    """Send a byte a second."""
    server.read_request(connection)
    server.drip(connection, OK + b"X-Slow: " + b"y" * 1000, every_s=1.0)


def drip_body(server: RawServer, connection: socket.socket) -> None:
    """Send a byte of the body now and then."""
    server.read_request(connection)
    connection.sendall(OK + b"Content-Length: 1000\r\n\r\n")
    server.drip(connection, b"y" * 1000)


def drip_chunks(server: RawServer, connection: socket.socket) -> None:
    """Send a chunk's size byte by byte."""
    server.read_request(connection)
    connection.sendall(OK + b"Transfer-Encoding: chunked\r\n\r\n")
    server.drip(connection, b"1\r\ny\r\n" * 1000)


def flood(head: bytes, endless: bytes) -> Behaviour:
    """Send without end."""

    def behave(server: RawServer, connection: socket.socket) -> None:
        server.read_request(connection)
        connection.sendall(head)
        while not server.ended.is_set():
            connection.sendall(endless)

    return behave


FAILING: dict[str, tuple[Behaviour, str]] = {
    "reset before the answer": (serve_reset_at_once, "connection reset"),
    "reset inside the body": (serve_reset_inside, "connection reset"),
    "never answering": (serve_nothing, "no complete answer in time"),
    "headers byte by byte": (drip_headers, "no complete answer in time"),
    "a byte a second": (drip_second, "no complete answer in time"),
    "body byte by byte": (drip_body, "no complete answer in time"),
    "chunks byte by byte": (drip_chunks, "no complete answer in time"),
    "closed at once": (sending(b""), ""),
    "closed inside the head": (sending(OK + b"Content-Le"), ""),
    "headers without end": (flood(OK, b"X-More: yes\r\n"), ""),
    "folded lines without end": (flood(OK + b"X: y\r\n", b" \n" * 4096), ""),
    "one header without end": (flood(OK + b"X-More: ", b"y" * 1000), ""),
    "status line without end": (flood(b"HTTP/1.1 200 ", b"y" * 1000), ""),
    "informational answers without end": (flood(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), ""),
    "Content-Length too long": (sending(OK + b"Content-Length: 10\r\n\r\n{}"), ""),
    "chunk cut": (sending(OK + b"Transfer-Encoding: chunked\r\n\r\na\r\n{}"), ""),
    "chunk without last": (sending(OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"), ""),
    "chunk of no size": (sending(OK + b"Transfer-Encoding: chunked\r\n\r\n\r\n{}\r\n0\r\n\r\n"), ""),
    "chunk of no number": (sending(OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"), ""),
    "garbage": (sending(b"\x00\xff\x16\x03\x01 not HTTP at all\r\n\r\n"), ""),
    "SSH banner": (sending(b"SSH-2.0-OpenSSH_9.6\r\n"), ""),
    "status of no number": (sending(b"HTTP/1.1 abc OK\r\n\r\n"), ""),
    "bare CR in a header": (sending(OK + b"X: y\rTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n{}"), ""),
    "a line of 64 KiB and more": (sending(OK + b"X: " + b"y" * 65533 + b"\r\nContent-Length: 2\r\n\r\n{}"), ""),
    "a head of 1 MiB": (sending(OK + b"".join(b"X%d: %s\r\n" % (n, b"y" * 8000) for n in range(130)) + b"\r\n"), ""),
    "two lengths": (sending(OK + b"Content-Length: 2\r\nContent-Length: 100\r\n\r\n{}"), ""),
    "status 0100": (sending(b"HTTP/1.1 0100 C\r\n\r\n" + OK + b"Content-Type: app"), ""),
    "HTTP/9": (sending(b"HTTP/9.9 200 OK\r\n\r\n"), "not HTTP/1.1"),
}


@pytest.mark.parametrize("name", FAILING)
def test_failures(name: str, transport: Transport) -> None:
    """Whatever is no complete answer is a TransportError, inside the deadline."""
    behaviour, told = FAILING[name]
    with RawServer(behaviour) as server:
        ended = fetch(transport, server.url + "/metadata/instance")
    assert isinstance(ended, TransportError), ended
    assert told in str(ended) or sys.platform == "win32"  # its words are the system's


LENGTH = b"Content-Length: 2\r\n\r\n{}"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
BROKEN = "an answer with a broken header"
NO_SIZE = "an answer that breaks HTTP (ValueError)"
CODED = "an answer in a transfer coding that was not requested"
# What is no length, though Python's `int` or its HTTP client takes some of it for one.
ODD = (b"", b"x", b"+2", b"-1", b"0x2", b"\xb2", b"2_0", b"1, 2", b"2, 2", b"2 2", b"2.0", b"2\r\n 0", b"9" * 60_000)
# What follows the status line, and the words with which it is refused.
REFUSED: dict[str, tuple[bytes, str]] = {
    "no colon": (b"no header\r\n" + LENGTH, BROKEN),
    "folded first header": (b" folded: 1\r\n" + LENGTH, BROKEN),
    "empty name": (b": empty\r\n" + LENGTH, BROKEN),
    "blank in a name": (b"X y: z\r\n" + LENGTH, BROKEN),
    "blank after a name": (b"Content-Length : 2\r\n\r\n{}", BROKEN),
    "control character in a name": (b"\x0bX: y\r\n" + LENGTH, BROKEN),
    "no ASCII in a name": (b"X\xe9: y\r\n" + LENGTH, BROKEN),
    "a chunk longer than its size": (CHUNKED + b"2\r\n{}}\r\n0\r\n\r\n", "an answer with a broken chunk"),
}
REFUSED |= {f"length {odd[:8]!r}": (b"Content-Length: " + odd + b"\r\n\r\n{}", NO_SIZE) for odd in ODD}
for odd_size in (b"+2", b"-2", b"0x2", b"\xb2", b"2_0", b"2 2"):
    REFUSED[f"chunk size {odd_size!r}"] = (CHUNKED + odd_size + b"\r\n{}\r\n0\r\n\r\n", NO_SIZE)
for coding in (b"gzip, chunked", b"identity", b"xchunked", b"chunked, chunked"):
    REFUSED[f"coding {coding!r}"] = (b"Transfer-Encoding: " + coding + b"\r\n\r\n2\r\n{}\r\n0\r\n\r\n", CODED)


@pytest.mark.parametrize("name", REFUSED)
def test_refused_answers(name: str, transport: Transport) -> None:
    """What breaks HTTP is refused, by both transports in the same words, whatever Python's own client makes of it."""
    sent, words = REFUSED[name]
    with RawServer(sending(OK + sent)) as server:
        assert str(fetch(transport, server.url + "/metadata/instance")) == words


ANSWERS: dict[str, tuple[bytes, int, bytes]] = {
    "plain": (OK + b"Content-Length: 2\r\n\r\n{}", 200, b"{}"),
    "until closed": (OK + b"\r\n{}", 200, b"{}"),
    "HTTP/1.0": (b"HTTP/1.0 200 OK\r\n\r\n{}", 200, b"{}"),
    "folded": (OK + b"X: y\r\n\tz: 1\r\nContent-Length: 2\r\n\r\n{}", 200, b"{}"),
    "empty": (OK + b"Content-Length: 0\r\n\r\n", 200, b""),
    "no content": (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
    "Content-Length too short": (OK + b"Content-Length: 2\r\n\r\n{}{}{}", 200, b"{}"),
    "chunked": (OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1;x=y\r\n}\r\n0\r\nX-T: y\r\n\r\n", 200, b"{}"),
    "gzip is not unpacked": (
        OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"{}", mtime=0),
        200,
        gzip.compress(b"{}", mtime=0),
    ),
    "error with body": (b"HTTP/1.1 400 Bad\r\nContent-Length: 2\r\n\r\n{}", 400, b"{}"),
    "throttled": (b"HTTP/1.1 429 Slow\r\nRetry-After: 3\r\nContent-Length: 0\r\n\r\n", 429, b""),
    "unknown status": (b"HTTP/1.1 799 Odd\r\nContent-Length: 0\r\n\r\n", 799, b""),
    "no reason": (b"HTTP/1.1 410\r\nContent-Length: 0\r\n\r\n", 410, b""),
    "after 100 Continue": (b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\n{}", 200, b"{}"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_answers(name: str, transport: Transport) -> None:
    """A complete answer comes back as it was sent, whatever its status."""
    sent, status, body = ANSWERS[name]
    with RawServer(sending(sent)) as server:
        ended = fetch(transport, server.url + "/metadata/instance?api-version=2021-02-01")
    assert isinstance(ended, Response), ended
    assert (ended.status, ended.body) == (status, body)
    assert all(key == key.lower() for key in ended.headers)
    assert server.requests[0].startswith(b"GET /metadata/instance?api-version=2021-02-01 HTTP/1.1\r\n")


@pytest.mark.parametrize("head", [b"", b"Content-Length: 999999999\r\n", b"Transfer-Encoding: chunked\r\n"])
def test_unlimited_body(head: bytes, transport: Transport) -> None:
    """A body without end is read up to one byte over the limit, or until the deadline."""
    chunk = b"y" * 65536
    endless = b"10000\r\n" + chunk + b"\r\n" if b"chunked" in head else chunk
    with RawServer(flood(OK + head + b"\r\n", endless)) as server:
        ended = fetch(transport, server.url + "/", seconds=3.0)
    assert isinstance(ended, Response), ended
    assert len(ended.body) == MAX_BYTES + 1


def test_largest_body(transport: Transport) -> None:
    """A body of exactly the limit is complete."""
    with RawServer(answering(b"y" * MAX_BYTES)) as server:
        ended = fetch(transport, server.url + "/", seconds=3.0)
    assert isinstance(ended, Response)
    assert len(ended.body) == MAX_BYTES


def test_refused(transport: Transport, refused_endpoint: str) -> None:
    """A port where nobody listens is told as that."""
    ended = fetch(transport, f"{refused_endpoint}/")
    assert str(ended) == "connection refused"


def test_no_connection(transport: Transport) -> None:
    """A listener whose backlog is full does not hold anybody beyond the deadline."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        waiting = []
        for _ in range(4):
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
            waiting.append(one)
        ended = fetch(transport, f"http://127.0.0.1:{listener.getsockname()[1]}/")
        for one in waiting:
            one.close()
    assert isinstance(ended, TransportError)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_no_redirect(status: int, transport: Transport) -> None:
    """A redirect is an answer, and where it points to is never asked."""
    with RawServer(answering(b"{}")) as target:
        sent = b"HTTP/1.1 %d Moved\r\nLocation: %s/x\r\nContent-Length: 0\r\n\r\n" % (status, target.url.encode())
        with RawServer(sending(sent)) as server:
            ended = fetch(transport, server.url + "/")
        assert isinstance(ended, Response)
        assert ended.status == status
        assert target.connections == 0


@pytest.mark.parametrize("kind", [HttpTransport, RequestsTransport])
def test_no_proxy(kind: type[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Proxies in the environment see nothing, in either case."""
    with RawServer(answering(b"{}")) as proxy, RawServer(answering(b'{"a": 1}')) as server:
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
            monkeypatch.setenv(name.upper(), proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        transport = kind()
        ended = fetch(transport, server.url + "/metadata/instance")
        transport.close()
        assert isinstance(ended, Response)
        assert ended.body == b'{"a": 1}'
        assert proxy.connections == 0


def test_request_head(transport: Transport, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """Our headers are sent; no X-Forwarded-For, no credentials of a .netrc, no cookie."""
    netrc = tmp_path / "netrc"
    netrc.write_text("default login secretuser password secretword\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with RawServer(sending(OK + b"Set-Cookie: a=b\r\nContent-Length: 0\r\n\r\n")) as server:
        fetch(transport, server.url + "/")
        fetch(transport, server.url + "/")
        port = str(server.port).encode()
    for head in (request.lower() for request in server.requests):
        assert b"\r\nmetadata: true\r\n" in head
        assert b"\r\nuser-agent: test/1\r\n" in head
        assert b"\r\nhost: 127.0.0.1:" + port + b"\r\n" in head
        assert not any(name in head for name in (b"x-forwarded", b"authorization", b"cookie", b"proxy-"))


def test_local_address(transport: Transport) -> None:
    """`local_address` is the address that the server was asked from."""
    with RawServer(answering(b"{}")) as server:
        ended = fetch(transport, server.url + "/")
        assert isinstance(ended, Response)
        assert ended.local_address == server.peers[0] == "127.0.0.1"


def test_deadline_that_has_passed(transport: Transport) -> None:
    """Without time left nothing is asked."""
    with RawServer(answering(b"{}")) as server:
        ended = fetch(transport, server.url + "/", seconds=0.0)
        assert isinstance(ended, TransportError)
        assert not server.requests


def test_localhost(transport: Transport) -> None:
    """`localhost` is reached on whichever of its addresses answers."""
    with RawServer(answering(b"{}")) as server:
        ended = fetch(transport, f"http://localhost:{server.port}/", seconds=2.0)
    assert isinstance(ended, Response)
    assert ended.status == 200


INTERIM = b"HTTP/1.1 100 Continue\r\n\r\n"


@pytest.mark.parametrize("count", [1, 3])
def test_an_interim_answer_is_passed_over(count: int, transport: Transport) -> None:
    """The answer is the one after it."""
    whole = INTERIM * count + OK + b"Content-Length: 2\r\n\r\n{}"
    with RawServer(sending(whole)) as server:
        ended = fetch(transport, server.url)
    assert isinstance(ended, Response)
    assert (ended.status, ended.body) == (200, b"{}")


def test_a_head_that_is_cut_after_an_interim_one(transport: Transport) -> None:
    """The end of an interim head is not that of the answer's."""
    with RawServer(sending(INTERIM + OK + b"Content-Type: app")) as server:
        ended = fetch(transport, server.url)
    assert str(ended) == "the connection closed before the answer was complete"


def test_an_answer_before_the_request(transport: Transport) -> None:
    """What was answered counts, though the request could not be sent to its end."""
    with RawServer(answer_unasked) as server:
        ended = transport.fetch(server.url + "/", {}, Deadline(5, Clock()), body=b"y" * (16 << 20))  # type: ignore[call-arg]
    assert (ended.status, ended.body) == (413, b"{}")


def test_no_cookie_is_read(transport: Transport, recwarn: pytest.WarningsRecorder) -> None:
    """Not even a cookie that makes Python's cookie jar complain on standard error."""
    cookie = b"Set-Cookie: a=b; expires=1 jan " + b"1" * 5000 + b"\r\n"
    with RawServer(sending(OK + cookie + b"Content-Length: 2\r\n\r\n{}")) as server:
        ended = fetch(transport, server.url)
    assert isinstance(ended, Response)
    assert not [warning for warning in recwarn if "cookiejar" in str(warning.message)]


def test_an_ipv6_address(transport: Transport) -> None:
    """It stands in brackets, in the URL and in what is sent as the host."""
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as listener:
        port = listener.getsockname()[1]
        seen: list[bytes] = []

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                seen.append(connection.recv(4096))
                connection.sendall(OK + b"Content-Length: 2\r\n\r\n{}")

        thread = threading.Thread(target=serve)
        thread.start()
        ended = fetch(transport, f"http://[::1]:{port}/x")
        thread.join()
    assert isinstance(ended, Response)
    assert ended.local_address == "::1"
    assert f"\r\nhost: [::1]:{port}\r\n".encode() in seen[0].lower()


@pytest.mark.parametrize("status", [102, 103])
def test_other_interim_answers(status: int, transport: Transport) -> None:
    """They are passed over as well."""
    interim = b"HTTP/1.1 %d Wait\r\nLink: </x>\r\n\r\n" % status
    with RawServer(sending(interim + OK + b"Content-Length: 2\r\n\r\n{}")) as server:
        ended = fetch(transport, server.url)
    assert isinstance(ended, Response)
    assert (ended.status, ended.body) == (200, b"{}")


def test_nothing_is_sent_that_is_no_request(transport: Transport) -> None:
    """A line's end in a URL begins no header of its own."""
    with RawServer(answering(b"{}")) as server:
        fetch(transport, server.url + "/x HTTP/1.1\r\nX-Injected: yes\r\nX: ")
        assert not any(b"\nX-Injected" in request for request in server.requests)


@pytest.mark.parametrize("piece", [INTERIM * 400, b"1;" + b"x" * 8000 + b"\r\ny\r\n"], ids=["interim", "extensions"])
def test_what_wraps_an_answer_has_an_end(piece: bytes, transport: Transport) -> None:
    """A server that never comes to the point is left after a few MiB, however much time there is."""

    def serve(server: RawServer, connection: socket.socket) -> None:
        server.read_request(connection)
        if not piece.startswith(INTERIM):
            connection.sendall(OK + b"Transfer-Encoding: chunked\r\n\r\n")
        sent = 0
        try:
            while sent < 64 << 20:
                connection.sendall(piece)
                sent += len(piece)
        except OSError:
            return
        raise AssertionError("it took 64 MiB")

    watch = Stopwatch()
    with RawServer(serve) as server:
        ended = fetch(transport, server.url, seconds=20)
    assert str(ended) == "an answer without an end"
    assert watch.seconds < 15
