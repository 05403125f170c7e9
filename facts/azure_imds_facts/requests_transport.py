# SPDX-License-Identifier: Apache-2.0
"""The transport on `requests`, for processes that have loaded it anyway, and for reuse of a connection."""

from __future__ import annotations

import http.client
import socket
import threading
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any

import requests
import requests.adapters
import urllib3
import urllib3.connection
import urllib3.exceptions

from azure_imds_facts.core.json_body import MAX_BYTES
from azure_imds_facts.core.transport import (
    CUT,
    DeadlineSocket,
    Response,
    TransportError,
    describe_failure,
    open_socket,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from email.message import Message

    from azure_imds_facts.core.clock import Deadline

_PER_THREAD = threading.local()
_LONGEST_HEAD = 65536


class HeadCheckingSocket(DeadlineSocket):
    """A socket that checks a response's head as it comes: Python's HTTP client takes a cut or an odd one for whole."""

    def begin_exchange(self, deadline: Deadline) -> None:
        """Set the deadline and the limits of a new request and its response."""
        super().begin_exchange(deadline)
        self._head = b""
        self._has_whole_head = False

    def recv_into(self, buffer: Any, *args: Any) -> int:
        """Read as the base does, and check what came of the head."""
        count = super().recv_into(buffer, *args)
        if not self._has_whole_head:
            self._head += bytes(memoryview(buffer)[:count])
            end = _find_end(self._head)
            while end and self._status() == b"100":
                # An interim answer, which the client passes over, does not count.
                self._head = self._head[end:]
                end = _find_end(self._head)
            self._has_whole_head = end > 0
            self._head = self._head[:end] if end else self._head
            if len(self._head) > _LONGEST_HEAD:
                raise OSError(0, "an answer with too long a head")
        return count

    def check_head(self, headers: Message) -> None:
        """Raise TransportError for a head that was cut, or holds what does not belong there."""
        if not self._has_whole_head:
            raise TransportError(CUT)
        status = self._status()
        # Of interim answers the client knows 100 alone; and it reads 0100 as that.
        if len(status) != 3 or status < b"200":
            raise TransportError("an answer whose status is none")
        if b"\r" in self._head.replace(b"\r\n", b"") or headers.get_payload():
            # Python takes a bare CR for a line's end, and all from a line without a colon on for something else.
            raise TransportError("an answer with a broken header")

    def _status(self) -> bytes:
        return b"".join(self._head[:64].split(None, 2)[1:2])


def _find_end(head: bytes) -> int:
    """Return the end of a head's blank line, 0 before it has come."""
    return min((head.find(blank) + len(blank) for blank in (b"\n\r\n", b"\n\n") if blank in head), default=0)


class _CheckedHeads(http.client.HTTPConnection):
    """Refuses a bad head before urllib3 sees it, which would let it pass and log a traceback."""

    def getresponse(self) -> http.client.HTTPResponse:
        """Read an answer's head."""
        opened: Any = self.sock  # the base lets go of it where the answer ends with the connection
        answer = super().getresponse()
        try:
            opened.check_head(answer.msg)
        except TransportError:
            answer.close()
            raise
        # Nothing keeps cookies here, but requests would parse them, after the deadline perhaps.
        del answer.msg["Set-Cookie"]
        return answer


class _Connection(urllib3.connection.HTTPConnection, _CheckedHeads):  # type: ignore[misc]  # in urllib3 as well
    """A connection whose socket obeys the deadline of the request that it carries."""

    def _new_conn(self) -> DeadlineSocket:
        try:
            opened = open_socket(self.host, self.port or 80, _PER_THREAD.deadline)
        except OSError as error:
            # Bare, urllib3 would take a reset in connecting for one in sending, and read from no socket.
            raise urllib3.exceptions.NewConnectionError(self, str(error)) from error
        watching = HeadCheckingSocket(opened.family, opened.type, opened.proto, opened.detach())
        watching.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # a head and a body are sent one after the other
        watching.begin_exchange(_PER_THREAD.deadline)
        return watching

    def request(self, *args: Any, **kwargs: Any) -> None:
        """Send a request, on an open connection with the new request's deadline."""
        if isinstance(self.sock, DeadlineSocket):
            self.sock.begin_exchange(_PER_THREAD.deadline)
        try:
            super().request(*args, **kwargs)
        finally:
            _PER_THREAD.socket = self.sock  # urllib3 reads on where sending fails


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Connection


class _Adapter(requests.adapters.HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool}


class RequestsTransport:
    """Requests through one session, which keeps its connection until it is closed; threads may share it."""

    def __init__(self) -> None:
        self._session = requests.Session()
        # Neither proxies nor .netrc of the environment: IMDS must not be asked through a proxy.
        self._session.trust_env = False
        # The server at the address may not be IMDS: no cookie that it sets goes back to it.
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        # Even a redirect that is not followed would be prepared for, its body read first, however long it is.
        self._session.get_redirect_target = lambda _answer: None  # type: ignore[method-assign, assignment]
        self._session.mount("http://", _Adapter(max_retries=0))

    def fetch(
        self, url: str, headers: Mapping[str, str], deadline: Deadline, *, method: str = "GET", body: bytes = b""
    ) -> Response:
        """Send one request. Raises TransportError where no complete response came in time."""
        _PER_THREAD.deadline, _PER_THREAD.socket = deadline, None
        try:
            with self._session.request(
                method, url, headers=dict(headers), data=body, allow_redirects=False, stream=True
            ) as answer:
                local_address = _PER_THREAD.socket.getsockname()[0]
                return Response(
                    status=answer.status_code,
                    headers={name.lower(): value for name, value in answer.headers.items()},
                    body=_read_body(answer.raw),
                    local_address=local_address,
                )
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            if _PER_THREAD.socket is not None:
                _PER_THREAD.socket.close()  # not every failure inside urllib3 ends in this
            raise TransportError(describe_failure(_find_cause(error))) from error

    def close(self) -> None:
        """Close the session's connections."""
        self._session.close()


def _read_body(raw: urllib3.HTTPResponse) -> bytes:
    """Read what was sent, not what it unpacks to: a small body can unpack to any size."""
    body = raw.read(MAX_BYTES + 1, decode_content=False)
    if len(body) <= MAX_BYTES and raw.length_remaining:
        raise urllib3.exceptions.IncompleteRead(len(body), raw.length_remaining)
    return body


def _find_cause(error: BaseException) -> Exception:
    """Return the plainest exception inside those of requests and urllib3, which wrap one another in many ways."""
    seen: BaseException = error
    while True:
        inside = seen.__cause__ or seen.__context__
        if isinstance(seen, OSError) and not isinstance(seen, requests.RequestException):
            return seen
        if inside is None:
            return seen if isinstance(seen, Exception) else Exception(str(seen))
        seen = inside
