# SPDX-License-Identifier: Apache-2.0
"""Test the command `attest`."""

from __future__ import annotations

import json

import pytest

from tests.support.attested import Document, build_content
from tests.support.command_line import Run
from tests.support.emulators import Emulate
from tests.support.servers import RawServer, answering, sending

GOOD = Document(build_content())


def test_prints_the_document(run: Run) -> None:
    """Standard output is IMDS's answer, and nothing of it is in the messages, verbose or not."""
    with RawServer(answering(json.dumps(GOOD.answer).encode())) as server:
        ended = run("attest", "--endpoint", server.url, "--nonce", "abc", "-v")
        assert b"nonce=abc" in server.requests[0]
    assert json.loads(ended.out) == GOOD.answer
    assert ended.code == 0
    assert GOOD.base64[40:80] not in ended.err


def test_of_an_emulator(run: Run, emulate: Emulate) -> None:
    """An emulator's document is one line of JSON."""
    emulator = emulate()
    ended = run("attest", "--endpoint", emulator.url)
    assert (ended.code, ended.err) == (0, "")
    assert json.loads(ended.out)["encoding"] == "pkcs7"


@pytest.mark.parametrize(
    ("answer", "code"),
    [(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", 7), (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", 8)],
)
def test_outcomes(answer: bytes, code: int, run: Run) -> None:
    """On any other outcome standard output is empty."""
    with RawServer(sending(answer)) as server:
        ended = run("attest", "--endpoint", server.url)
    assert (ended.code, ended.out) == (code, "")


def test_a_bad_nonce(run: Run) -> None:
    """A nonce that IMDS does not take is usage."""
    ended = run("attest", "--nonce", "a b", "--endpoint", "http://127.0.0.1:1")
    assert (ended.code, ended.out) == (2, "")
