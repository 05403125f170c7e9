# SPDX-License-Identifier: Apache-2.0
"""Test facts as Facter's fact."""

from __future__ import annotations

import json

from tests.support.command_line import Run
from tests.support.documents import build_document
from tests.support.servers import RawServer, answering


def test_one_fact(run: Run, imds: RawServer) -> None:
    """The local facts stand below one name, with their age."""
    local = json.loads(run("facts", "--endpoint", imds.url, "--format", "json").out)
    facter = json.loads(run("facts", "--endpoint", imds.url, "--format", "facter").out)
    assert list(facter) == ["azure_imds"]
    for facts in (local, facter["azure_imds"]):
        del facts["snapshot"]["source"], facts["snapshot"]["age_seconds"]
    assert facter["azure_imds"] == local


def test_nul(run: Run) -> None:
    """A NUL in a tag, for which Facter would drop everything, is replaced."""
    document = build_document(tagsList=[{"name": "a", "value": "b\0c"}])
    with RawServer(answering(json.dumps(document).encode())) as server:
        facter = json.loads(run("facts", "--endpoint", server.url, "--format", "facter").out)
    assert facter["azure_imds"]["tags"] == {"a": "b\ufffdc"}
