# SPDX-License-Identifier: Apache-2.0
"""Test what becomes of answers and messages where a standard stream is closed, full, or a terminal."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from azure_imds_facts.commands.streams import dump_json

from tests.support.command_line import ROOT, Run
from tests.support.documents import build_document
from tests.support.servers import RawServer, answering

# Command line → its exit code where standard output can be written; `URL` stands for a server's.
ANSWERING = {
    "facts --endpoint URL": 0,
    "facts --format env --endpoint URL": 0,
    "show --endpoint URL": 0,
    "get /metadata/instance --endpoint URL": 0,
    "doctor --endpoint URL": 0,
    "doctor --format json --endpoint URL": 0,
    "export ansible-path": 0,
    "export cloud-init": 0,
}
FAILING = {
    "facts --timeout x": 2,
    "get compute?x": 2,
    "facts --endpoint http://127.0.0.1:9 --timeout 0.3": 4,
    "export salt /dev/null/x": 2,
    "nonsense": 2,
}


def shell(line: str, redirected: str, url: str) -> subprocess.CompletedProcess[bytes]:
    """Run a command line with a stream redirected as a shell does it."""
    words = [sys.executable, "-m", "azure_imds_facts", *line.replace("URL", url).split()]
    return subprocess.run(["sh", "-c", f'exec "$0" "$@" {redirected}', *words], capture_output=True, check=False)


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


@pytest.mark.parametrize("redirected", [">/dev/full", ">&-"])
@pytest.mark.parametrize("line", ANSWERING)
def test_an_answer_that_cannot_be_written(line: str, redirected: str, imds: RawServer) -> None:
    """It is an error of one line, and no success."""
    done = shell(line, redirected, imds.url)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith(b"azure-imds-facts: usage: Standard output ")
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("redirected", ["2>&-", "2>/dev/full"])
@pytest.mark.parametrize("line", FAILING)
def test_messages_go_to_standard_error_or_nowhere(line: str, redirected: str, imds: RawServer) -> None:
    """Where they cannot be written they are lost; standard output stays empty, and the exit code is the outcome's."""
    done = shell(line, redirected, imds.url)
    assert (done.returncode, done.stdout, done.stderr) == (FAILING[line], b"", b"")


@pytest.mark.parametrize("redirected", ["2>&-", "2>/dev/full", "<&-"])
def test_an_answer_needs_no_other_stream(redirected: str, imds: RawServer) -> None:
    """Verbose or not, the answer is the answer."""
    done = shell("get /metadata/instance -v --endpoint URL", redirected, imds.url)
    assert (done.returncode, json.loads(done.stdout)) == (0, build_document())


@pytest.mark.parametrize("character", ["\x7f", "\x85", "\x9b", "\u200b", "\u2028", "\u202e", "\ufeff", "\U000e0001"])
def test_json_does_nothing_to_a_terminal(character: str) -> None:
    """What cannot be seen is escaped, and is the same to every program; what can be seen stands as it is."""
    given = {f"größe{character}": [f"\U0001f680{character}"]}
    text = dump_json(given, indent=2)
    assert json.loads(text) == given
    assert text.replace("\n", "").isprintable()
    assert "größe" in text
    assert "\U0001f680" in text


@pytest.mark.parametrize("format_name", ["json", "ansible", "salt"])
def test_facts_do_nothing_to_a_terminal(format_name: str, run: Run) -> None:
    """Not even where the document holds characters that act on one."""
    document = build_document(name="\u202e\x9b31m\u2028")
    with RawServer(answering(json.dumps(document).encode())) as server:
        ended = run("facts", "--format", format_name, "--endpoint", server.url)
    assert ended.out.replace("\n", "").isprintable()
    assert repr(document["compute"]["name"])[1:-1] in repr(json.loads(ended.out))
