# SPDX-License-Identifier: Apache-2.0
"""Test what becomes of answers and messages where a standard stream is closed, full, or a terminal."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from azure_imds_facts.commands.streams import dump_json

from tests.support.documents import build_document
from tests.support.servers import RawServer, answering

from .conftest import ROOT, Run, start

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


def test_the_order_of_tag_pairs_is_that_of_tags(run: Run) -> None:
    """In the grain as it is printed too."""
    document = {"compute": {"tags": "z:1;a:2"}}
    with RawServer(answering(json.dumps(document).encode())) as server:
        grain = json.loads(run("facts", "--format", "salt", "--endpoint", server.url).out)["azure_imds"]
    assert grain["tagPairs"] == [f"{name}={value}" for name, value in grain["tags"].items()] == ["z=1", "a=2"]


def test_environment_for_zsh(run: Run) -> None:
    """A value that zsh would take for the name of a command is quoted."""
    document = {"compute": {"tags": "a:=no_such_command", "name": "plain"}}
    with RawServer(answering(json.dumps(document).encode())) as server:
        lines = run("facts", "--format", "env", "--endpoint", server.url).out.splitlines()
    assert "AZURE_IMDS_TAGS_A='=no_such_command'" in lines
    assert "AZURE_IMDS_COMPUTE_NAME=plain" in lines


@pytest.mark.parametrize(("what", "blocked"), [("salt", "_modules"), ("systemd", "etc/default")])
def test_an_export_that_ends_half_way(what: str, blocked: str, run: Run, tmp_path: Path) -> None:
    """Nothing is printed where not all could be written."""
    place = tmp_path / "tree" / blocked
    place.parent.mkdir(parents=True)
    place.write_text("")
    ended = run("export", what, str(tmp_path / "tree"))
    assert (ended.code, ended.out) == (2, "")


@pytest.mark.parametrize("what", ["salt", "systemd"])
def test_an_export_to_any_path(what: str, tmp_path: Path) -> None:
    """A path is bytes, of whatever encoding."""
    place = bytes(tmp_path) + b"/\xfe"
    process = start("export", what, place, stdout=subprocess.PIPE)  # type: ignore[arg-type]
    assert all(line.startswith(place + b"/") for line in process.communicate()[0].splitlines())
    assert process.returncode == 0


@pytest.mark.parametrize("words", ["-v export ansible-path", "export -v ansible-path", "export ansible-path -v"])
def test_verbose_wherever(words: str, run: Run) -> None:
    """Every command takes -v, and more than one."""
    assert run(*words.split()).code == 0
    assert run("-v", *words.split()).code == 0
