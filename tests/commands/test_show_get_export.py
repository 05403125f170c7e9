# SPDX-License-Identifier: Apache-2.0
"""Test the commands `show`, `get` and `export`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from azure_imds_facts.core.settings import CATEGORIES

from tests.support.documents import build_document
from tests.support.servers import RawServer, answering, sending

Run = Callable[..., Any]


def test_show_all(run: Run, imds: RawServer) -> None:
    """One line a fact, under the names of local facts; no colour where there is no terminal."""
    ended = run("show", "--all", "--endpoint", imds.url)
    assert ended.code == 0
    rows = {tuple(line.split(None, 1)) for line in ended.out.splitlines() if line.startswith("  ")}
    for row in [("vm_size", "Standard_D2s_v3"), ("role", "web"), ("partial", "no"), ("private_ipv4", "10.1.0.4")]:
        assert row in rows
    assert "\x1b" not in ended.out
    assert "c2VjcmV0" not in ended.out


@pytest.mark.parametrize("category", [*CATEGORIES[:3], "all"])
def test_show_category(category: str, run: Run, imds: RawServer) -> None:
    """A category narrows, `all` does not."""
    out = run("show", category, "--endpoint", imds.url).out
    heads = {line for line in out.splitlines() if not line.startswith(" ")}
    assert (
        (heads >= {"compute", "network", "tags", "cloud", "snapshot"}) if category == "all" else (heads == {category})
    )


def test_show_does_nothing_to_a_terminal(run: Run) -> None:
    """Control characters of strangers' tags do not reach the terminal."""
    document = build_document(tagsList=[{"name": "evil\x1b]0;x\x07", "value": "a\x1b[2Jb\nc\u202ed"}])
    with RawServer(answering(json.dumps(document).encode())) as server:
        out = run("show", "tags", "--endpoint", server.url).out
    assert not any(not (character.isprintable() or character == "\n") for character in out)


@pytest.mark.parametrize(("body", "shown"), [(b'{"a":1}', '{"a":1}\n'), (b'{"a":1}\n', '{"a":1}\n')])
def test_get(body: bytes, shown: str, run: Run) -> None:
    """The answer as it came, ended with a newline; nothing is kept."""
    with RawServer(answering(body)) as server:
        for _ in range(2):
            assert run("get", "compute", "--endpoint", server.url).out == shown
        assert len(server.requests) == 2


@pytest.mark.parametrize("flags", [["--format", "text"], ["--format", "json"], ["--api-version", "2021-02-01"]])
def test_get_flags(flags: list[str], run: Run, imds: RawServer) -> None:
    """Flags are sent as they were given."""
    assert run("get", "compute/zone", "--endpoint", imds.url, *flags).code == 0
    wanted = f"{flags[0][2:]}={flags[1]}".encode()
    assert wanted in imds.requests[0]


def test_get_of_what_is_not_there(run: Run) -> None:
    """What IMDS refuses is rejected, with nothing on standard output."""
    with RawServer(sending(b'HTTP/1.1 403 No\r\nContent-Length: 16\r\n\r\n{"error":"Nope"}')) as server:
        ended = run("get", "compute/x", "--endpoint", server.url)
    assert (ended.code, ended.out) == (7, "")
    assert "Nope" in ended.err


def test_export_ansible_path(run: Run) -> None:
    """The path printed is where the module lies."""
    ended = run("export", "ansible-path")
    assert (ended.code, ended.err) == (0, "")
    assert (Path(ended.out.rstrip("\n")) / "azure_imds_facts.py").is_file()
