# SPDX-License-Identifier: Apache-2.0
"""Intermediates fetched over a real connection, from Microsoft's hosts alone, within bounds."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from azure_imds_facts.attestation import Trust, verify
from azure_imds_facts.attestation.errors import IntermediateError
from azure_imds_facts.attestation.fetching import IssuerFetcher, find_url

from tests.support.attested import FOREIGN_CA, INTERMEDIATE, LEAF, NOW, ROOT, Document, build_content


class Publisher:
    """A server on loopback that answers each request with the bytes that it was given; it notes what was asked."""

    def __init__(self) -> None:
        self.answer = b""
        self.pause_s = 0.0
        self.requests: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def resolve(self, host: str) -> list[tuple[str, int]]:
        """Stand in for the resolver: every host is this one."""
        assert host in ("www.microsoft.com", "caissuers.microsoft.com")
        return [self._listener.getsockname()]

    def close(self) -> None:
        """Listen no longer."""
        self._listener.close()
        self._thread.join(5)

    def _serve(self) -> None:
        while True:
            try:
                connection, _address = self._listener.accept()
            except OSError:
                return
            with connection:
                self.requests.append(connection.recv(4000))
                try:
                    for part in (self.answer[:100], self.answer[100:]):
                        connection.sendall(part)
                        time.sleep(self.pause_s)
                except OSError:
                    pass


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    """A publisher of certificates."""
    server = Publisher()
    yield server
    socket.create_connection(server.resolve("www.microsoft.com")[0]).close()
    server.close()


def build_answer(body: bytes, *, status: str = "200 OK", headers: str = "") -> bytes:
    """Return an answer over HTTP."""
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body


def fetch(publisher: Publisher) -> Any:
    """Fetch the issuer of the leaf."""
    return IssuerFetcher(publisher.resolve).fetch(LEAF.signed)


@pytest.mark.parametrize("body", [INTERMEDIATE.der, INTERMEDIATE.pem], ids=["DER", "PEM"])
def test_fetches(publisher: Publisher, body: bytes) -> None:
    """The certificate comes back, for a request without anything about this machine."""
    publisher.answer = build_answer(body)
    assert fetch(publisher) == INTERMEDIATE.signed
    assert publisher.requests == [
        b"GET /pkiops/certs/Test%20CA.crt HTTP/1.0\r\nHost: www.microsoft.com\r\nConnection: close\r\n\r\n"
    ]


def test_completes_a_chain(publisher: Publisher) -> None:
    """A document whose intermediate is not known holds once that was fetched, and the next one asks nobody."""
    publisher.answer = build_answer(INTERMEDIATE.der)
    fetcher = IssuerFetcher(publisher.resolve)
    for _time in range(2):
        claims = verify(Document(build_content()).der, trust=Trust((ROOT.signed,)), at=NOW, fetcher=fetcher)
        assert claims.root == "Test Root"
    assert len(publisher.requests) == 1


def test_two_steps(publisher: Publisher) -> None:
    """An intermediate's own issuer is fetched too."""
    middle = replace(INTERMEDIATE, subject="Test middle")
    lower = replace(INTERMEDIATE, subject="Test lower", issuer=middle, aia="http://caissuers.microsoft.com/middle.crt")
    leaf = replace(LEAF, issuer=lower, aia="http://www.microsoft.com:80/lower.crt")
    answers = {b"/lower.crt": lower.der, b"/middle.crt": middle.der}

    class Both(IssuerFetcher):
        """A fetcher before which the answer is laid out."""

        def _ask(self, url: str) -> bytes:
            publisher.answer = build_answer(answers[url[url.rindex("/") :].encode()])
            return super()._ask(url)

    document = Document(build_content(), signer=leaf)
    claims = verify(document.der, trust=Trust((ROOT.signed,)), at=NOW, fetcher=Both(publisher.resolve))
    assert claims.root == "Test Root"
    assert len(publisher.requests) == 2


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (build_answer(FOREIGN_CA.der), "is not its issuer's certificate"),
        (build_answer(b"<html>"), "no certificate"),
        (build_answer(INTERMEDIATE.pem * 2), "no certificate"),
        (build_answer(b"", status="404 Not Found"), "404"),
        (build_answer(INTERMEDIATE.der, status="302 Found", headers="Location: http://127.0.0.1/\r\n"), "302"),
        (build_answer(INTERMEDIATE.der)[:-1], "cut"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + INTERMEDIATE.der, "200"),
        (build_answer(bytes(64 * 1024 + 1)), "larger"),
        (build_answer(bytes(1 << 20)), "larger"),
        (b"", "empty"),
        (b"220 mail ready\r\n\r\n", "220"),
    ],
    ids=range(11),
)
def test_bad_answers(publisher: Publisher, answer: bytes, said: str) -> None:
    """What is no certificate, too large, cut or elsewhere is refused, and nothing else is asked."""
    publisher.answer = answer
    with pytest.raises(IntermediateError, match=said):
        verify(
            Document(build_content()).der,
            trust=Trust((ROOT.signed,)),
            at=NOW,
            fetcher=IssuerFetcher(publisher.resolve),
        )
    assert len(publisher.requests) == 1


def test_a_slow_answer(publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that drips is given up when the time is over."""
    monkeypatch.setattr("azure_imds_facts.attestation.fetching._LONGEST_S", 0.3)
    publisher.answer, publisher.pause_s = build_answer(INTERMEDIATE.der), 1.0
    started = time.monotonic()
    with pytest.raises(IntermediateError, match="no answer in time"):
        fetch(publisher)
    assert time.monotonic() - started < 0.9


def test_nobody_listens() -> None:
    """Where nobody listens the message says so, and for a minute nobody is asked again."""
    asked: list[str] = []
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))

        def resolve(host: str) -> list[tuple[str, int]]:
            asked.append(host)
            address: tuple[str, int] = bound.getsockname()
            return [address]

        fetcher = IssuerFetcher(resolve)
        for _time in range(3):
            with pytest.raises(IntermediateError, match="refused"):
                fetcher.fetch(LEAF.signed)
    assert asked == ["www.microsoft.com"]


def test_no_name() -> None:
    """A resolver that knows no such host is a reason like any other."""

    def resolve(host: str) -> list[tuple[str, int]]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with pytest.raises(IntermediateError, match="Name or service not known"):
        IssuerFetcher(resolve).fetch(LEAF.signed)


def test_no_proxy(publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy in the environment is not used."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    publisher.answer = build_answer(INTERMEDIATE.der)
    assert fetch(publisher) == INTERMEDIATE.signed


REFUSED = [
    "https://www.microsoft.com/ca.crt",
    "http://www.microsoft.com.example.org/ca.crt",
    "http://www.microsoft.com@example.org/ca.crt",
    "http://www.microsoft.com:8080/ca.crt",
    "http://169.254.169.254/metadata/instance",
    "http://127.0.0.1/ca.crt",
    "http://www.microsoft.com/ca.crt HTTP/1.1",
    "http://www.microsoft.com/ca#x",
    "http://WWW.MICROSOFT.COM",
    "ldap://www.microsoft.com/ca",
    "file:///etc/passwd",
    "http://www.microsoft.com/" + "a" * 2000,
]


@pytest.mark.parametrize("url", REFUSED)
def test_other_places(url: str) -> None:
    """No other host, port or scheme is asked, and no address that could change the request."""
    with pytest.raises(IntermediateError, match=r"only www\.microsoft\.com"):
        find_url(replace(LEAF, aia=url).signed)


def test_no_address() -> None:
    """A certificate that names no place is a reason of its own."""
    with pytest.raises(IntermediateError, match="does not say where"):
        find_url(ROOT.signed)
