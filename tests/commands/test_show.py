# SPDX-License-Identifier: Apache-2.0
"""Test the command `show`."""

from __future__ import annotations

import json

import pytest
from azure_imds_facts.core.settings import CATEGORIES

from tests.support.command_line import Run
from tests.support.documents import build_document
from tests.support.servers import RawServer, answering


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


def test_a_category_that_there_is_not(run: Run, imds: RawServer) -> None:
    """The message speaks of what was given, CATEGORY, and not of a flag that this command does not have."""
    ended = run("show", "nosuch", "--endpoint", imds.url)
    assert (ended.code, ended.out, imds.requests) == (2, "", [])
    assert "CATEGORY cannot be 'nosuch'" in ended.err


def test_show_does_nothing_to_a_terminal(run: Run) -> None:
    """Control characters of tags do not reach the terminal."""
    document = build_document(tagsList=[{"name": "evil\x1b]0;x\x07", "value": "a\x1b[2Jb\nc\u202ed"}])
    with RawServer(answering(json.dumps(document).encode())) as server:
        out = run("show", "tags", "--endpoint", server.url).out
    assert not any(not (character.isprintable() or character == "\n") for character in out)
