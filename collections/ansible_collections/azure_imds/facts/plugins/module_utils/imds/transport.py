# SPDX-License-Identifier: Apache-2.0
"""Transports: one request, one complete response or an error, inside a deadline.

There are two: this one on a plain socket, and the distribution's on `requests`, which reads responses with this one's
reader. Neither uses a proxy, follows a redirect, or lets a slow server stretch the deadline.

This one implements as much of HTTP/1.1 (RFC 9112) as it needs. Python's own client imports `email` and `ssl`, which
takes as long as all else, knows no deadline, and accepts broken heads.
"""

from __future__ import annotations

import contextlib
import socket

from . import json_body, records

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, BinaryIO, Protocol

    from .clock import Deadline

    class Transport(Protocol):
        """Sends requests; may keep a connection open between them until it is closed."""

        def fetch(
            self,
            url: str,
            headers: Mapping[str, str],
            deadline: Deadline,
            *,
            method: str = "GET",
            body: bytes = b"",
        ) -> Response:
            """Send one request. Raises TransportError where no complete response came before the deadline."""

        def close(self) -> None:
            """Close connections."""


# Before the route is up the first packet is lost, and the kernel repeats it ever more rarely: a new attempt is sooner.
_LONGEST_CONNECT_S = 2.0
# A document has at most 1 MiB; chunk sizes and extensions around it may not be endless either.
_MOST_RECEIVED = 4 << 20
# Enough to know that a body is over the limit.
_MOST_READ = json_body.MAX_BYTES + 1
# Of a head, and of a line anywhere. A head has at most 131 lines, fewer where they are long.
_LONGEST_HEAD = 65536
_LOCALHOST = ("127.0.0.1", "::1")
CUT = "the connection closed before the answer was complete"


class TransportError(Exception):
    """No complete response came; the text says why, as the end of a sentence."""


@records.record
class Response:
    """A complete response: `headers` with names in lower case, `local_address` the connection's address on this side.

    `body` ends one byte after `json_body.MAX_BYTES`, which is enough to refuse it.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    local_address: str | None = None


class DeadlineSocket(socket.socket):
    """A connected socket that waits no longer than the deadline, and reads no more than a response may take.

    A timeout on a plain socket starts anew with each byte, so one byte a second would hold a reader forever.
    """

    def begin_exchange(self, deadline: Deadline) -> None:
        """Set the deadline and the size limit of a new request and its response."""
        self._deadline = deadline
        self._left = _MOST_RECEIVED

    def sendall(self, *args: Any) -> None:
        """Send as the base does. A peer that stopped reading may have sent its response all the same."""
        self.settimeout(_seconds_left(self._deadline))
        with contextlib.suppress(ConnectionError):
            super().sendall(*args)

    def recv_into(self, buffer: Any, *args: Any) -> int:
        """Read as the base does, for no longer than the deadline leaves."""
        self.settimeout(_seconds_left(self._deadline))
        count = super().recv_into(buffer, *args)
        self._left -= count
        if self._left < 0:
            raise OSError(0, "an answer without an end")
        return count


def _seconds_left(deadline: Deadline) -> float:
    """Return the seconds until the deadline. Raises socket.timeout where it has passed."""
    remaining = deadline.remaining
    if not remaining:
        raise socket.timeout("the deadline passed")
    return remaining


def open_socket(host: str, port: int, deadline: Deadline) -> DeadlineSocket:
    """Connect over TCP. Raises OSError.

    `localhost` is tried at both of its addresses, for a resolver may be silent for longer than the deadline.
    """
    failure: OSError = socket.timeout()
    for address in _LOCALHOST if host == "localhost" else (host,):
        try:
            connected = socket.create_connection(
                (address.encode(), port),  # type: ignore[arg-type]  # for a str Python imports its IDNA codec
                min(_seconds_left(deadline) / 2, _LONGEST_CONNECT_S),
            )
        except OSError as error:
            failure = error
        else:
            opened = DeadlineSocket(fileno=connected.detach())
            opened.begin_exchange(deadline)
            return opened
    raise failure


def find_local_address(host: str) -> str:
    """Return this side's address of UDP to a host, `""` without a route. Nothing is sent."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.connect((host, 80))
        return str(opened.getsockname()[0])
    return ""


def describe_failure(error: Exception) -> str:
    """Return in a few words why there was no response."""
    if isinstance(error, socket.timeout):
        return "no complete answer in time"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return f"an answer that breaks HTTP ({type(error).__name__})"


class HttpTransport:
    """One connection per request, for a collection makes one."""

    def fetch(
        self, url: str, headers: Mapping[str, str], deadline: Deadline, *, method: str = "GET", body: bytes = b""
    ) -> Response:
        """Send one request. Raises TransportError where no complete response came in time."""
        authority, _slash, path = url.partition("://")[2].partition("/")
        host, _colon, port = authority.rpartition(":")
        if not port.isdigit():
            host, port = authority, "80"
        headers = {"Host": authority, "Connection": "close", **headers}
        request = _build_request(f"{method} /{path} HTTP/1.1", headers, body)
        try:
            with open_socket(host.strip("[]"), int(port), deadline) as opened:
                opened.sendall(request)
                with opened.makefile("rb") as stream:
                    status = 100
                    while status < 200:
                        status, received = read_head(stream)
                    return Response(
                        status=status,
                        headers=received,
                        body=read_body(stream, status, received),
                        local_address=opened.getsockname()[0],
                    )
        except (OSError, ValueError) as error:
            raise TransportError(describe_failure(error)) from error

    def close(self) -> None:
        """Do nothing: no connection stays open."""


def _build_request(first: str, headers: Mapping[str, str], body: bytes) -> bytes:
    lines = [first, *(f"{name}: {value}" for name, value in headers.items())]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    if not all(line.isascii() and line.isprintable() for line in lines):
        raise TransportError("a request that HTTP cannot carry")
    return "\r\n".join([*lines, "", ""]).encode() + body


def read_head(stream: BinaryIO) -> tuple[int, dict[str, str]]:
    """Return a response's status and headers, names in lower case, repeated ones joined (RFC 9110, 5.3).

    Raises TransportError for a head that is cut or breaks HTTP.
    """
    version, status = [*_read_line(stream).split(None, 2), "", ""][:2]
    if not version.startswith("HTTP/1.") or not status.isdecimal() or len(status) != 3 or status < "100":
        raise TransportError("an answer that is not HTTP/1.1")
    headers: dict[str, str] = {}
    name = ""
    left = _LONGEST_HEAD
    while left > 0:
        line = _read_line(stream)
        left -= 500 + len(line)
        if not line:
            return int(status), headers
        if name and line[0] in " \t":
            headers[name] = f"{headers[name]} {line.strip()}".strip()
            continue
        name, colon, value = line.partition(":")
        if not colon or not name or not name.isascii() or not name.isprintable() or " " in name:
            break
        name = name.lower()
        headers[name] = f"{headers[name]}, {value.strip()}" if name in headers else value.strip()
    raise TransportError("an answer with a broken header")


def _read_line(stream: BinaryIO) -> str:
    line = stream.readline(_LONGEST_HEAD)
    if not line.endswith(b"\n"):
        raise TransportError(CUT if len(line) < _LONGEST_HEAD else "an answer with too long a line")
    text = line.decode("latin-1").replace("\r\n", "").rstrip("\n")
    if "\r" in text:
        raise TransportError("an answer with a bare CR, which some readers take for the end of a line")
    return text


def read_body(stream: BinaryIO, status: int, headers: Mapping[str, str]) -> bytes:
    """Return the body, cut one byte after the limit. Raises TransportError or ValueError where it is cut or broken."""
    if status in (204, 304):
        return b""
    if "transfer-encoding" in headers:
        return _read_chunks(stream, headers["transfer-encoding"])
    if "content-length" in headers:
        return _read_exactly(stream, _parse_size(headers["content-length"], 10))
    return stream.read(_MOST_READ)


def _read_chunks(stream: BinaryIO, coding: str) -> bytes:
    if coding.lower() != "chunked":
        raise TransportError("an answer in a transfer coding that was not requested")
    body = bytearray()
    while len(body) < _MOST_READ:
        size = _parse_size(_read_line(stream).partition(";")[0], 16)
        if not size:
            break
        body += _read_exactly(stream, size)
        if size < _MOST_READ and _read_line(stream):
            raise TransportError("an answer with a broken chunk")
    return bytes(body[:_MOST_READ])


def _read_exactly(stream: BinaryIO, size: int) -> bytes:
    read = stream.read(min(size, _MOST_READ))
    if len(read) < min(size, _MOST_READ):
        raise TransportError(CUT)
    return read


def _parse_size(digits: str, base: int) -> int:
    """Return a number. Raises ValueError for any other text, an empty one, a sign and a prefix included."""
    if not digits.strip().isalnum():
        raise ValueError
    return int(f"0{digits}", base)  # after a zero 0x is no prefix
