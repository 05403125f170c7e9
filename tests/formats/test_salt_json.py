# SPDX-License-Identifier: Apache-2.0
"""Test facts as the grain."""

from __future__ import annotations

import json

from tests.support.command_line import Run
from tests.support.servers import RawServer, answering


def test_the_order_of_tag_pairs_is_that_of_tags(run: Run) -> None:
    """In the grain as it is printed too."""
    document = {"compute": {"tags": "z:1;a:2"}}
    with RawServer(answering(json.dumps(document).encode())) as server:
        grain = json.loads(run("facts", "--format", "salt", "--endpoint", server.url).out)["azure_imds"]
    assert grain["tagPairs"] == [f"{name}={value}" for name, value in grain["tags"].items()] == ["z=1", "a=2"]


def test_salt(run: Run, imds: RawServer) -> None:
    """One top-level grain in IMDS's names, with tags as pairs besides."""
    salt = json.loads(run("facts", "--endpoint", imds.url, "--format", "salt").out)
    assert list(salt) == ["azure_imds"]
    assert salt["azure_imds"]["compute"]["storageProfile"]["osDisk"]["diskSizeGB"] == "30"
    assert salt["azure_imds"]["tagPairs"] == ["Cost Center=42", "role=web"]
