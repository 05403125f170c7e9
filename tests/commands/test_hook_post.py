# SPDX-License-Identifier: Apache-2.0
"""One POST over TLS."""

from __future__ import annotations

import datetime as dt
import ssl
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from azure_imds_facts.commands.hook_post import post_json
from azure_imds_facts.core.clock import Deadline
from azure_imds_facts.core.errors import ImdsError, RejectedError, UnavailableError, UnreachableError, UsageError
from cryptography.hazmat.primitives import serialization

from tests.support.attested import ROOT, Certificate, make_key
from tests.support.clocks import ManualClock
from tests.support.reporters import ListReporter


class Hook:
    """A hook over TLS that notes what it was sent; `statuses` are answered in turn, the last for ever."""

    def __init__(self, folder: Path) -> None:
        now = dt.datetime.now(dt.timezone.utc)
        span: dict[str, Any] = {"begins": now - dt.timedelta(days=1), "ends": now + dt.timedelta(days=30)}
        root = replace(ROOT, subject="Hook CA", key=make_key("Hook CA"), **span)
        leaf = Certificate("localhost", root, ("localhost",), **span)
        encoding = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        (folder / "hook.pem").write_bytes(leaf.pem + leaf.private_key.private_bytes(*encoding))
        (folder / "hook-ca.pem").write_bytes(root.pem)
        self.ca = str(folder / "hook-ca.pem")
        self.statuses = [200]
        self.bodies: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        hook = self

        class Handler(BaseHTTPRequestHandler):
            """One request."""

            def do_POST(self) -> None:
                hook.headers.append(dict(self.headers))
                hook.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(hook.statuses.pop(0) if len(hook.statuses) > 1 else hook.statuses[0])
                self.send_header("Location", "https://localhost:1/")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_arguments: object) -> None:
                """Say nothing."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "hook.pem")
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_port
        self.url = f"https://localhost:{self.port}/hook/azure-imds/enrol"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End it."""
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def hook(tmp_path: Path) -> Iterator[Hook]:
    """A hook that runs."""
    made = Hook(tmp_path)
    yield made
    made.close()


def post(url: str, ca: str | None, *, seconds: float = 20) -> ListReporter:
    """Send something."""
    reporter = ListReporter()
    post_json(url, b'{"a": 1}', ca=ca, deadline=Deadline(seconds, ManualClock()), reporter=reporter)
    return reporter


def test_sends(hook: Hook) -> None:
    """The body arrives as JSON, once."""
    post(hook.url, hook.ca)
    assert hook.bodies == [b'{"a": 1}']
    assert hook.headers[0]["Content-Type"] == "application/json"


def test_sends_again(hook: Hook) -> None:
    """A master that is not ready yet is asked again, which is told once."""
    hook.statuses = [503, 503, 200]
    reporter = post(hook.url, hook.ca)
    assert len(hook.bodies) == 3
    assert len(reporter.notices) == 1


@pytest.mark.parametrize(
    ("status", "error"), [(401, RejectedError), (404, RejectedError), (302, RejectedError), (500, UnavailableError)]
)
def test_statuses(status: int, error: type[ImdsError], hook: Hook) -> None:
    """What the master answers names the outcome; a redirect is not followed."""
    hook.statuses = [status]
    with pytest.raises(error, match=str(status)):
        post(hook.url, hook.ca)
    assert len(hook.bodies) == (1 if error is RejectedError else 10)


def test_not_trusted(hook: Hook) -> None:
    """A master whose certificate is by another authority, or for another name, gets nothing."""
    with pytest.raises(RejectedError, match="cannot be trusted"):
        post(hook.url, None)
    with pytest.raises(RejectedError, match="cannot be trusted"):
        post(hook.url.replace("localhost", "127.0.0.1"), hook.ca)
    assert hook.bodies == []


def test_nobody_there(hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody listens it ends as unreachable; no proxy is used."""
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{hook.port}")
    with pytest.raises(UnreachableError, match="refused"):
        post("https://127.0.0.1:1/hook", hook.ca)


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost/hook",
        "localhost",
        "",
        "https://",
        "https://u:secret@localhost/",
        "https://localhost:x/",
        "https://a b/",
        "https://a/#x",
    ],
)
def test_urls(url: str, hook: Hook) -> None:
    """Only https with a host is taken, and no message repeats a password."""
    with pytest.raises(UsageError) as caught:
        post(url, hook.ca)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("ca", ["/nonexistent", "/etc/hostname"])
def test_authorities(ca: str, hook: Hook) -> None:
    """A file that holds no authority is usage."""
    with pytest.raises(UsageError, match="--ca"):
        post(hook.url, ca)
