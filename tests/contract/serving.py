# SPDX-License-Identifier: Apache-2.0
"""A plain HTTP server on loopback that answers with any status and any bytes, and remembers what it was asked."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Answer:
    """What a path answers with. A `Content-Length` among the headers replaces the true one."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json; charset=utf-8"})


@dataclass
class Serving:
    """A server. `answers` maps paths below `/metadata/` to answers; any other path gets `otherwise`."""

    answers: dict[str, Answer] = field(default_factory=dict)
    otherwise: Answer = field(default_factory=lambda: Answer(404, b'{"error":"Not found"}'))
    asked: list[tuple[str, Message]] = field(default_factory=list, repr=False)

    def __enter__(self) -> Serving:
        serving = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                serving.asked.append((self.path, self.headers))
                answer = serving.choose(self.path)
                self.send_response_only(answer.status)
                for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer.body)
                self.close_connection = True

            do_CONNECT = do_POST = do_GET

            def log_message(self, *_arguments: Any) -> None:
                """Say nothing."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

            def handle_error(self, *_arguments: Any) -> None:
                """A client that hangs up is no news."""

        self._server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def choose(self, path: str) -> Answer:
        """Return what a path is answered with."""
        return self.answers.get(path.partition("?")[0].removeprefix("/metadata/"), self.otherwise)

    @property
    def address(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    @property
    def endpoint(self) -> str:
        """The setting `endpoint` that leads here."""
        return f"http://{self.address}"
