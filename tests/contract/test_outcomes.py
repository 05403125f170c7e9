# SPDX-License-Identifier: Apache-2.0
"""Statuses and bodies, and what they end in (contract, section 3)."""

from __future__ import annotations

import json
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from .answers import EXIT_CODES, SIZE_LIMIT, name_outcome, read_document
from .asking import command, describe, dump
from .reference import build_grain, spell_local
from .serving import Answer, Serving

NEWEST_VERSIONS = b'{"error":"Bad request.","newest-versions":["2025-04-07","2024-07-17","2024-03-15"]}'
GOOD = b'{"compute":{"vmId":"1"},"network":{"interface":[]}}'


def nest(levels: int) -> bytes:
    """Build a document of so many levels, the outermost object counted."""
    return b'{"compute":{"a":' + b"[" * (levels - 2) + b"]" * (levels - 2) + b"}}"


def pad(size: int) -> bytes:
    """Build a document of so many bytes."""
    return b'{"compute":{"a":"' + b"x" * (size - 20) + b'"}}'


BODIES: dict[str, bytes] = {
    "good": GOOD,
    "byte order mark": b"\xef\xbb\xbf" + GOOD,
    "blanks around": b" \r\n" + GOOD + b"\n\n",
    "duplicate keys": b'{"compute":{"vmId":"1","vmId":"2"},"network":5,"network":{"interface":[]}}',
    "duplicate section, the last of the wrong type": b'{"compute":{"vmId":"1"},"compute":5}',
    "lone surrogates": rb'{"compute":{"a":"x\ud800y","\udfff":["\udc00\ud800"],"b":"\ud83d\ude00"}}',
    "null compute": b'{"compute":null,"network":{"interface":[]}}',
    "null network": b'{"compute":{},"network":null}',
    "both null": b'{"compute":null,"network":null}',
    "neither": b'{"extended":{}}',
    "empty object": b"{}",
    "compute a list": b'{"compute":[],"network":{"interface":[]}}',
    "compute a string": b'{"compute":"","network":{"interface":[]}}',
    "compute false": b'{"compute":false,"network":{"interface":[]}}',
    "network a list": b'{"compute":{},"network":[]}',
    "network zero": b'{"compute":{},"network":0}',
    "interface an object": b'{"compute":{},"network":{"interface":{}}}',
    "interface a string": b'{"compute":{},"network":{"interface":""}}',
    "interface null": b'{"compute":{},"network":{"interface":null}}',
    "tags null": b'{"compute":{"tags":null}}',
    "tags an object": b'{"compute":{"tags":{}}}',
    "tags a list": b'{"compute":{"tags":[]}}',
    "tags a number beside a list": b'{"compute":{"tags":0,"tagsList":[]}}',
    "tags false": b'{"compute":{"tags":false}}',
    "html": b"<!DOCTYPE html><html><body>Welcome</body></html>",
    "xml": b'<?xml version="1.0"?><Error/>',
    "text": b"OK",
    "empty": b"",
    "blank": b"  \n",
    "cut": GOOD[:-3],
    "two documents": GOOD + GOOD,
    "list": b"[]",
    "string": b'"x"',
    "null": b"null",
    "number": b"5",
    "not utf-8": b'{"compute":{"a":"\xff"}}',
    "utf-16": GOOD.decode().encode("utf-16"),
    "encoded surrogate": b'{"compute":{"a":"\xed\xa0\x80"}}',
    "nan": b'{"compute":{"a":NaN}}',
    "infinity": b'{"compute":{"a":[-Infinity]}}',
    "nan in another section": b'{"compute":{},"extended":{"a":NaN}}',
    "single quotes": b"{'compute':{}}",
    "raw control character": b'{"compute":{"a":"\n"}}',
    "trailing comma": b'{"compute":{},}',
    "16 levels": nest(16),
    "65 levels": nest(65),
    "100000 levels": nest(100_000),
    "open brackets": b"[" * 200_000,
    "1 MiB": pad(SIZE_LIMIT),
    "1 MiB and a byte": pad(SIZE_LIMIT + 1),
    "5 MiB": pad(5 * SIZE_LIMIT),
    "a number of 4000 digits": b'{"compute":{"a":' + b"1" * 4000 + b"}}",
    "a number of 5000 digits in a string": b'{"compute":{"a":"' + b"1" * 5000 + b'"}}',
}
STATUSES = (
    200,
    201,
    202,
    204,
    206,
    300,
    301,
    302,
    304,
    307,
    308,
    400,
    401,
    403,
    404,
    405,
    407,
    408,
    409,
    410,
    411,
    418,
    422,
    429,
    451,
    499,
    500,
    501,
    502,
    503,
    504,
    599,
)


def ask(serving: Serving, tmp_path: Path, answer: Answer, *arguments: str) -> CompletedProcess[bytes]:
    """Run the command `facts` against one answer, with patience where it ends at once, and else for two seconds."""
    serving.otherwise, serving.answers = answer, {}
    timeout = "20" if name_outcome(answer.status, answer.body) in ("ok", "rejected") else "2"
    return command(
        "facts", "--endpoint", serving.endpoint, "--timeout", timeout, "--cache-ttl", "0", "--cache-dir", str(tmp_path / "c"), *arguments
    )  # fmt: skip


def check(done: CompletedProcess[bytes], outcome: str) -> None:
    """Assert that a run ended so, with a message and nothing on standard output where it failed."""
    assert done.returncode == EXIT_CODES[outcome], done.stderr
    assert b"Traceback" not in done.stderr
    if outcome != "ok":
        assert done.stdout == b""
        assert outcome.encode() in done.stderr


@pytest.mark.parametrize("name", BODIES)
def test_body(fresh: Serving, tmp_path: Path, name: str) -> None:
    """A 200 is `ok` or `invalid`, as its body is a document or not, and the facts are that document's."""
    done = ask(fresh, tmp_path, Answer(body=BODIES[name]))
    check(done, name_outcome(200, BODIES[name]))
    if done.returncode == 0:
        told = json.loads(done.stdout)
        snapshot = {"fetchedAt": told["snapshot"]["fetched_at"], "ageSeconds": told["snapshot"]["age_seconds"]}
        wanted = build_grain(read_document(BODIES[name]), describe(fresh, snapshot))
        assert dump(told) == dump(spell_local(wanted, is_with_age=True))


@pytest.mark.parametrize("status", STATUSES)
def test_status(fresh: Serving, tmp_path: Path, status: int) -> None:
    """Each status has its outcome, though a good document comes with it."""
    check(ask(fresh, tmp_path, Answer(status, b"" if status in (204, 304) else GOOD)), name_outcome(status, GOOD))


def test_bad_request_with_versions(fresh: Serving, tmp_path: Path) -> None:
    """A 400 to every version is `rejected` in the end."""
    check(ask(fresh, tmp_path, Answer(400, NEWEST_VERSIONS)), "rejected")


@pytest.mark.parametrize("status", [429, 500, 503, 404])
def test_retried(fresh: Serving, tmp_path: Path, status: int) -> None:
    """What can pass is asked again until the deadline."""
    ask(fresh, tmp_path, Answer(status, b""), "--api-version", "2021-02-01", "--timeout", "3")
    assert len(fresh.asked) > 1


@pytest.mark.parametrize(
    "answer",
    [
        Answer(302, b"", {"Location": "/"}),
        Answer(403, b""),
        Answer(201, GOOD),
        Answer(200, BODIES["html"]),
        Answer(400, b"{}"),
        Answer(200, b"[]"),
        Answer(429, b"", {"Retry-After": "60"}),
    ],
    ids=["302", "403", "201", "html", "400", "list", "retry-after"],
)
def test_ends_at_once(fresh: Serving, tmp_path: Path, answer: Answer) -> None:
    """What cannot pass is asked once."""
    ask(fresh, tmp_path, answer, "--api-version", "2021-02-01", "--timeout", "20")
    assert len(fresh.asked) == 1


def test_nothing_listens(refused_endpoint: str, tmp_path: Path) -> None:
    """Where nothing listens, IMDS is `unreachable`."""
    done = command("facts", "--endpoint", refused_endpoint, "--timeout", "0.4", "--cache-dir", str(tmp_path / "c"))
    check(done, "unreachable")
    assert refused_endpoint.encode() in done.stderr


@pytest.mark.parametrize("length", ["1000", "x"], ids=["cut", "no number"])
def test_cut_body(fresh: Serving, tmp_path: Path, length: str) -> None:
    """A body shorter than was announced is no complete answer; a length that is none is no success either."""
    done = ask(fresh, tmp_path, Answer(200, GOOD[:20], {"Content-Length": length}))
    assert done.returncode in ((4,) if length == "1000" else (4, 8)), done.stderr
    assert (done.stdout, b"Traceback" in done.stderr) == (b"", False)
