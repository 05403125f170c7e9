# SPDX-License-Identifier: Apache-2.0
"""Services on loopback that maintenance takes away: web servers behind a real haproxy, and what their users see."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

from lab.places import short_folder
from lab.processes import running

SYSTEM_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"

_CONFIGURATION = """
global
    stats socket {folder}/admin.sock level admin
defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s
frontend in
    bind 127.0.0.1:{port}
    default_backend web
backend web
    balance roundrobin
    server web1 127.0.0.1:{first}
    server web2 127.0.0.1:{second}
"""


class Seen(NamedTuple):
    """What a user saw: which server answered, "" for none, and whether maintenance was approved by then."""

    server: str
    is_approved: bool


class Traffic:
    """A user who asks all the time."""

    def __init__(self, url: str, is_approved: Callable[[], bool]) -> None:
        self.url = url
        self.seen: list[Seen] = []
        self._is_approved = is_approved
        self._is_over = threading.Event()

    @contextlib.contextmanager
    def flowing(self) -> Iterator[Traffic]:
        """Ask until the block has ended."""
        asking = threading.Thread(target=self._ask)
        asking.start()
        try:
            yield self
        finally:
            self._is_over.set()
            asking.join()

    def watch(self, number: int = 10) -> set[str]:
        """Return the servers that answer so many requests, all made after this call."""
        start = len(self.seen) + 1
        while len(self.seen) < start + number:
            time.sleep(0.02)
        return {seen.server for seen in self.seen[start:]}

    def _ask(self) -> None:
        while not self._is_over.wait(0.02):
            self.seen.append(Seen(fetch(self.url), self._is_approved()))


def fetch(url: str) -> str:
    """Return what a server answers, "" where it does not."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=30) as answer:
            content: bytes = answer.read()
    except OSError:
        return ""
    return content.decode()


class Pool(NamedTuple):
    """A running pool of the servers web1 and web2, whose path `/held` is answered once `released` is set."""

    url: str
    folder: Path
    released: threading.Event


@contextlib.contextmanager
def web_server(name: str, released: threading.Event) -> Iterator[int]:
    """Serve this name on a port, `/held` once that is released."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/held":
                released.wait()
            # Who asked may be gone where a test ends early.
            with contextlib.suppress(ConnectionError):
                self.send_response(200)
                self.send_header("Content-Length", str(len(name)))
                self.end_headers()
                self.wfile.write(name.encode())

        def log_message(self, *_words: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    serving = threading.Thread(target=server.serve_forever, args=(0.05,))
    serving.start()
    try:
        yield server.server_address[1]
    finally:
        released.set()
        server.shutdown()
        serving.join()
        server.server_close()


@contextlib.contextmanager
def haproxy_pool() -> Iterator[Pool]:
    """Run haproxy before two servers."""
    released = threading.Event()
    with (
        short_folder() as folder,
        web_server("web1", released) as first,
        web_server("web2", released) as second,
        reserved_port() as port,
    ):
        configuration = folder / "haproxy.cfg"
        configuration.write_text(_CONFIGURATION.format(folder=folder, port=port, first=first, second=second))
        command = ["haproxy", "-db", "-f", str(configuration)]
        with running(command, env={"PATH": SYSTEM_PATH}, log=folder / "haproxy.log") as program:
            url = f"http://127.0.0.1:{port}/"
            program.wait_until(lambda: fetch(url) != "", timeout_s=30)
            yield Pool(url, folder, released)


@contextlib.contextmanager
def reserved_port() -> Iterator[int]:
    """Yield a port for a server that sets SO_REUSEPORT, as haproxy and nginx can: nobody else gets it meanwhile."""
    with socket.socket() as bound:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]
