# SPDX-License-Identifier: Apache-2.0
"""The transport on `requests`, for processes that have loaded it anyway, and for reuse of a connection."""

from __future__ import annotations

import http.client
import socket
import threading
from typing import TYPE_CHECKING, Any

import requests
import requests.adapters
import urllib3
import urllib3.connection
import urllib3.exceptions

from azure_imds_facts.core.json_body import MAX_BYTES
from azure_imds_facts.core.transport import (
    DeadlineSocket,
    Response,
    TransportError,
    describe_failure,
    open_socket,
    read_body,
    read_head,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from azure_imds_facts.core.clock import Deadline

_PER_THREAD = threading.local()
_WRAPPERS = (requests.RequestException, urllib3.exceptions.HTTPError)


class _Response(http.client.HTTPResponse):
    """A response that the core reads, to its end: Python's client, urllib3 and requests take odd ones for good.

    These are shown no header and no body, so that they parse neither lengths nor cookies nor redirects.
    """

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self._local_address = sock.getsockname()[0]

    def begin(self) -> None:
        """Read the response, and pass over interim ones before it."""
        stream: Any = self.fp
        status = 100
        while status < 200:
            is_old = not stream.peek(8).startswith(b"HTTP/1.1")  # then the server closes the connection
            status, headers = read_head(stream)
        body = read_body(stream, status, headers)
        has_rest = "content-length" not in headers or len(body) > MAX_BYTES
        # The proxy agent's 421 is about this connection: a new one may be known to it.
        self.will_close = is_old or has_rest or status == 421 or "close" in headers.get("connection", "").lower()
        _PER_THREAD.response = Response(status=status, headers=headers, body=body, local_address=self._local_address)
        self.code = self.status = status
        self.headers = self.msg = http.client.HTTPMessage()
        self.reason, self.version, self.chunked, self.length = "", 11, False, 0


class _Connection(urllib3.connection.HTTPConnection):
    """A connection whose socket obeys the deadline of the request that it carries."""

    response_class = _Response

    def _new_conn(self) -> DeadlineSocket:
        try:
            opened = open_socket(self.host, self.port or 80, _PER_THREAD.deadline)
        except OSError as error:
            # Bare, urllib3 would take a reset in connecting for one in sending, and read from no socket.
            raise urllib3.exceptions.NewConnectionError(self, str(error)) from error
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # a head and a body are sent one after the other
        return opened

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
        self._session.mount("http://", _Adapter(max_retries=0))

    def fetch(
        self, url: str, headers: Mapping[str, str], deadline: Deadline, *, method: str = "GET", body: bytes = b""
    ) -> Response:
        """Send one request. Raises TransportError where no complete response came in time."""
        _PER_THREAD.deadline, _PER_THREAD.socket, _PER_THREAD.response = deadline, None, None
        try:
            self._session.request(method, url, headers=dict(headers), data=body, allow_redirects=False)
        except (*_WRAPPERS, OSError, ValueError) as error:
            if _PER_THREAD.socket is not None:
                _PER_THREAD.socket.close()  # not every failure inside urllib3 ends in this
            raise TransportError(describe_failure(_find_cause(error))) from error
        response: Response = _PER_THREAD.response
        return response

    def close(self) -> None:
        """Close the session's connections."""
        self._session.close()


def _find_cause(error: BaseException) -> Exception:
    """Return the plainest exception inside those of requests and urllib3, which wrap one another in many ways."""
    seen: BaseException = error
    while True:
        inside = seen.__cause__ or seen.__context__
        if isinstance(seen, (OSError, ValueError)) and not isinstance(seen, _WRAPPERS):
            return seen
        if inside is None:
            return seen if isinstance(seen, Exception) else Exception(str(seen))
        seen = inside
