# SPDX-License-Identifier: Apache-2.0
"""What a transport is: one GET, one whole answer or an error, inside a deadline.

Two of them stand behind this: `http_transport` (the standard library's) and the distribution's on `requests`. Neither
uses a proxy, follows a redirect, nor lets a slow server stretch the deadline.
"""

from __future__ import annotations

import socket

from . import records

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from email.message import Message
    from typing import Protocol

    from . import clock

    class Transport(Protocol):
        """Sends requests; may keep a connection open between them until it is closed."""

        def fetch(self, url: str, headers: Mapping[str, str], deadline: clock.Deadline) -> Response:
            """GET a URL. Raises TransportError where no complete answer came before the deadline."""

        def close(self) -> None:
            """Let go of connections."""


# IMDS is one hop away. Where its route is not up yet the first packet is lost, and the kernel repeats it ever more
# rarely; a new attempt finds the route sooner.
_LONGEST_CONNECT_S = 2.0
# A document has 1 MiB at the most; what wraps it, chunk by chunk for instance, may not be endless either.
_MOST_RECEIVED = 4 << 20


class TransportError(Exception):
    """No complete answer came; the text says why, as the end of a sentence."""


@records.record
class Response:
    """A complete answer: `headers` with names in lower case, `local_address` the address it was asked from.

    `body` ends one byte after the most that a document can have, which is enough to refuse it.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    local_address: str | None = None


class DeadlineSocket(socket.socket):
    """A connected socket whose every read ends with the deadline, and which notices where an answer's head ends.

    A timeout on a plain socket starts anew with each byte, so one byte a second would hold a reader for ever. And HTTP
    clients take a connection that closes inside the head for its end.
    """

    def expect_answer(self, deadline: clock.Deadline) -> None:
        """Begin a new answer, to be read before a deadline."""
        self._deadline = deadline
        self._head = b""
        self._left = _MOST_RECEIVED
        self.has_whole_head = False

    def recv_into(self, buffer, *args) -> int:  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN002  # as the base's
        """Read as the base does, for no longer than the deadline leaves."""
        self.settimeout(self.seconds_left())
        count = super().recv_into(buffer, *args)
        self._left -= count
        if self._left < 0:
            raise OSError(0, "an answer without an end")
        if not self.has_whole_head:
            self._head += bytes(memoryview(buffer)[:count])
            end = _find_end(self._head)
            while end and self._head[:64].split(None, 2)[1:2] == [b"100"]:
                # An interim answer, which HTTP clients pass over, does not count.
                self._head = self._head[end:]
                end = _find_end(self._head)
            self.has_whole_head = end > 0
        return count

    def seconds_left(self) -> float:
        """Return the seconds until the deadline. Raises socket.timeout where it has passed."""
        remaining = self._deadline.remaining
        if remaining <= 0:
            raise socket.timeout("the deadline passed")
        return remaining

    def check_head(self, headers: Message) -> None:
        """Raises TransportError where the answer's head was cut, or has a line in it that is no header."""
        if not self.has_whole_head:
            raise TransportError("the connection closed inside the answer's headers")
        if headers.get_payload():
            # Python takes all from that line on for something else, Content-Length included.
            raise TransportError("an answer with a broken header")


def _find_end(head: bytes) -> int:
    """Return where a head's blank line ends, 0 where it is not there yet."""
    return min((head.find(blank) + len(blank) for blank in (b"\n\r\n", b"\n\n") if blank in head), default=0)


def open_socket(host: str, port: int, deadline: clock.Deadline) -> DeadlineSocket:
    """Connect over TCP, to the first address of `localhost` that answers. Raises OSError."""
    failure: OSError = OSError(0, f"no address for {host}")
    for family, kind, protocol, _name, address in socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM):
        connection = DeadlineSocket(family, kind, protocol)
        connection.expect_answer(deadline)
        try:
            connection.settimeout(min(connection.seconds_left(), _LONGEST_CONNECT_S))
            connection.connect(address)
        except OSError as error:
            connection.close()
            failure = error
        else:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return connection
    raise failure


def describe_failure(error: Exception) -> str:
    """Say in a few words why there was no answer."""
    if isinstance(error, socket.timeout):
        return "no complete answer in time"
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    if isinstance(error, ConnectionResetError):
        return "connection reset"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return f"an answer that breaks HTTP ({type(error).__name__})"
