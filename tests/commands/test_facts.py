# SPDX-License-Identifier: Apache-2.0
"""Test the command `facts`; tests/formats has what it prints in each format."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.support.command_line import Run, start
from tests.support.documents import build_document
from tests.support.servers import RawServer, answering


def test_gather_and_reveal(run: Run, imds: RawServer) -> None:
    """`--gather` narrows, `--reveal` puts back what it names."""
    facts = json.loads(run("facts", "--endpoint", imds.url, "--gather", "tags").out)
    assert set(facts) == {"available", "cloud", "snapshot", "tags"}
    assert "user_data" not in json.loads(run("facts", "--endpoint", imds.url).out)["compute"]
    revealed = json.loads(run("facts", "--endpoint", imds.url, "--reveal", "user_data").out)["compute"]
    assert revealed["user_data"] == "c2VjcmV0LXVzZXI="
    assert "custom_data" not in revealed


def test_utf8_whatever_the_locale(imds: RawServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Output is UTF-8 with any locale."""
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    with RawServer(answering(json.dumps(build_document(name="größe")).encode())) as server:
        for arguments in (["facts"], ["facts", "--format", "env"], ["show"], ["get", "compute"]):
            with start(*arguments, "--endpoint", server.url, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
                out, err = process.communicate(timeout=20)
            assert (process.returncode, err) == (0, b""), arguments
            assert arguments[0] in ("show", "get") or "größe".encode() in out
