# SPDX-License-Identifier: Apache-2.0
"""Test facts as variables of a shell."""

from __future__ import annotations

import json
import subprocess

from tests.support.command_line import Run
from tests.support.documents import build_document
from tests.support.servers import RawServer, answering


def test_env_in_a_shell(run: Run) -> None:
    """A shell that evaluates it gets each value as it is, and nothing of it is run."""
    tags = [
        {"name": "odd", "value": 'it\'s $(touch /nonexistent/x) `id` "q" \\ *'},
        {"name": "control", "value": "a\nb\x1b[1m\x9bc"},
    ]
    document = build_document(name="größe", tagsList=tags, note=None)
    with RawServer(answering(json.dumps(document).encode())) as server:
        ended = run("facts", "--endpoint", server.url, "--format", "env")
    show = 'eval "$1"; printf "%s\\n" "$AZURE_IMDS_TAGS_ODD" "$AZURE_IMDS_TAGS_CONTROL" "$AZURE_IMDS_COMPUTE_NAME" "$AZURE_IMDS_AVAILABLE" "[$AZURE_IMDS_COMPUTE_NOTE]" "$AZURE_IMDS_TAGS"'
    done = subprocess.run(["sh", "-euc", show, "sh", ended.out], capture_output=True, text=True, check=True)
    odd, control, name, available, note, mapping = done.stdout.splitlines()
    assert (odd, control) == (tags[0]["value"], "ab[1mc")
    assert (name, available, note) == ("größe", "true", "[]")
    assert json.loads(mapping)["odd"] == tags[0]["value"]
    assert done.stderr == ""


def test_environment_for_zsh(run: Run) -> None:
    """A value that zsh would take for the name of a command is quoted."""
    document = {"compute": {"tags": "a:=no_such_command", "name": "plain"}}
    with RawServer(answering(json.dumps(document).encode())) as server:
        lines = run("facts", "--format", "env", "--endpoint", server.url).out.splitlines()
    assert "AZURE_IMDS_TAGS_A='=no_such_command'" in lines
    assert "AZURE_IMDS_COMPUTE_NAME=plain" in lines
