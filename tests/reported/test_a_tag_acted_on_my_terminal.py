# SPDX-License-Identifier: Apache-2.0
"""Reported: "a colleague's tag cleared my screen", "the output of env reads backwards"."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.reported.command_line import run_in_pipe, run_on_terminal
from tests.support.documents import build_document
from tests.support.servers import RawServer, answering

HOSTILE = "a\x1b[2J\x1b]0;x\x07\x9b\x85b\u202ec\u2066d\u200ee\u061cf\u2069g größe"
TAG = {"name": "note", "value": HOSTILE}


def _raw(*arguments: str) -> bytes:
    """Return what a command line writes into a pipe."""
    done = run_in_pipe(*arguments)
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout


def _is_calm(text: str) -> bool:
    return text.replace("\n", "").isprintable()


@pytest.fixture
def hostile() -> Iterator[RawServer]:
    """IMDS with a tag that acts on a terminal, written into the document as it is, as far as JSON allows it."""
    body = json.dumps(build_document(tagsList=[TAG]), ensure_ascii=False).encode()
    with RawServer(answering(body)) as server:
        yield server


def test_get_of_a_tag_cleared_my_screen() -> None:
    """A leaf's text reaches a terminal with escapes, and a pipe as it came."""
    with RawServer(answering(HOSTILE.encode())) as server:
        arguments = ("get", "compute/tags", "--format", "text", "--endpoint", server.url)
        code, shown = run_on_terminal(*arguments)
        assert (code, _is_calm(shown)) == (0, True)
        assert shown == ("a\\u001b[2J\\u001b]0;x\\u0007\\u009b\\u0085b\\u202ec\\u2066d\\u200ee\\u061cf\\u2069g größe\n")
        assert _raw(*arguments) == HOSTILE.encode() + b"\n"


def test_get_of_json_reads_backwards(hostile: RawServer) -> None:
    """JSON stays JSON with the same values on a terminal."""
    code, shown = run_on_terminal("get", "compute", "--endpoint", hostile.url)
    assert (code, _is_calm(shown)) == (0, True)
    assert json.loads(shown)["compute"]["tagsList"] == [TAG]


def test_get_of_bytes_that_are_no_text() -> None:
    """What is not UTF-8 is marked on a terminal, and passes a pipe unchanged."""
    with RawServer(answering(b"a\xffb")) as server:
        arguments = ("get", "compute/name", "--format", "text", "--endpoint", server.url)
        assert run_on_terminal(*arguments) == (0, "a\ufffdb\n")
        assert _raw(*arguments) == b"a\xffb\n"


@pytest.mark.parametrize(
    "command", [("facts", "--format", "env"), ("facts", "--format", "yaml"), ("facts",), ("show",)]
)
def test_the_output_acts_on_my_terminal(command: tuple[str, ...], hostile: RawServer) -> None:
    """No command prints a control character or a mark of direction out of a tag."""
    code, shown = run_on_terminal(*command, "--endpoint", hostile.url, "--cache-ttl", "0", NO_COLOR="1")
    assert (code, _is_calm(shown)) == (0, True)


def test_env_reads_backwards(hostile: RawServer) -> None:
    """A flat value goes without them, the mapping of all tags has them escaped; what can be seen stays."""
    lines = _raw("facts", "--format", "env", "--endpoint", hostile.url).decode().split("\n")
    assert "AZURE_IMDS_TAGS_NOTE='a[2J]0;xbcdefg größe'" in lines
    (mapping,) = [line for line in lines if line.startswith("AZURE_IMDS_TAGS=")]
    assert json.loads(mapping.partition("=")[2].strip("'")) == {"note": HOSTILE}


def test_env_keeps_what_joins_letters() -> None:
    """A joiner inside a word or an emoji is part of it, and a no-break space is a space."""
    value = "می\u200cخواهم 👩\u200d💻 5\xa0%"
    with RawServer(
        answering(json.dumps(build_document(tagsList=[{"name": "note", "value": value}])).encode())
    ) as server:
        shown = _raw("facts", "--format", "env", "--endpoint", server.url).decode()
    assert f"AZURE_IMDS_TAGS_NOTE='{value}'\n" in shown
