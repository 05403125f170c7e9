# SPDX-License-Identifier: Apache-2.0
"""Test what holds for every command: help, exit codes, an empty standard output on failure, broken pipes."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from azure_imds_facts.cli import COMMANDS
from azure_imds_facts.core.versions import VERSION

from tests.support.command_line import Run, start
from tests.support.documents import build_document
from tests.support.servers import RawServer, answering, sending

SETTINGS = {
    "--endpoint",
    "--api-version",
    "--timeout",
    "--detect",
    "--cache-ttl",
    "--cache-dir",
    "--gather",
    "--reveal",
}
FLAGS = {
    "facts": {*SETTINGS, "--format", "-v", "--verbose"},
    "show": {*SETTINGS - {"--gather"}, "-v", "--verbose"},
    "get": {"--endpoint", "--api-version", "--timeout", "--detect", "--format", "-v", "--verbose"},
    "local-facts": {*SETTINGS, "--directory", "--boot", "--force", "-v", "--verbose"},
    "export": {"WHAT"},
}
COLLECTING = ["facts", "show", "local-facts", "get"]


def words(command: str, tmp_path: Path) -> list[str]:
    """Return what a command needs besides settings."""
    return {"local-facts": ["--directory", str(tmp_path / "facts.d")], "get": ["compute/vmSize"]}.get(command, [])


@pytest.mark.parametrize("command", FLAGS)
def test_help(command: str, run: Run) -> None:
    """Every flag is in --help, which goes to standard output."""
    ended = run(command, "--help")
    assert (ended.code, ended.err) == (0, "")
    for flag in FLAGS[command]:
        assert flag in ended.out


def test_overview(run: Run) -> None:
    """--help names every command, --version our version."""
    ended = run("--help")
    assert ended.code == 0
    assert all(f"  {command} " in ended.out for command in COMMANDS)
    assert run("--version").out == f"azure-imds-facts {VERSION}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nonsense"],
        ["--nonsense"],
        ["facts", "--nonsense"],
        ["facts", "--format", "xml"],
        ["facts", "--endpo", "http://127.0.0.1:1"],
        ["facts", "extra"],
        ["show", "nonsense"],
        ["get"],
        ["export"],
        ["export", "nonsense"],
        ["facts", "--timeout", "0"],
        ["facts", "--timeout", "soon"],
        ["facts", "--endpoint", "http://example.com"],
        ["facts", "--api-version", "2099-01-01"],
        ["facts", "--gather", "nonsense"],
        ["facts", "--reveal", "nonsense"],
        ["facts", "--detect", "maybe"],
        ["facts", "--cache-ttl", "-1"],
        ["get", "compute/../x"],
        ["get", "/metadata/identity/oauth2/token"],
        ["-v"],
    ],
    ids=" ".join,
)
def test_usage(arguments: list[str], run: Run) -> None:
    """What is no command, flag or setting is usage: 2, a message, and nothing on standard output."""
    ended = run(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.strip()


@pytest.mark.parametrize("command", COLLECTING)
@pytest.mark.parametrize(
    ("status", "body", "code", "outcome"),
    [
        (b"429 Slow\r\nRetry-After: 99", b"", 5, "throttled"),
        (b"503 Later\r\nRetry-After: 99", b"", 6, "unavailable"),
        (b"403 No", b"", 7, "rejected"),
        (b"302 Found\r\nLocation: http://127.0.0.1:1/", b"", 8, "invalid"),
        (b"200 OK", b"<html>login</html>", 8, "invalid"),
    ],
)
def test_exit_codes(
    command: str, status: bytes, body: bytes, code: int, outcome: str, run: Run, tmp_path: Path
) -> None:
    """Each outcome has its exit code and its name in the message; standard output stays empty."""
    answer = b"HTTP/1.1 " + status + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    with RawServer(sending(answer)) as server:
        ended = run(command, *words(command, tmp_path), "--endpoint", server.url)
    assert (ended.code, ended.out) == (code, "")
    last = ended.err.splitlines()[-1]
    assert last.startswith(f"azure-imds-facts: {outcome}: ")
    assert server.url in last
    assert not (tmp_path / "facts.d").exists()


@pytest.mark.parametrize("command", COLLECTING)
def test_unreachable(command: str, run: Run, refused_endpoint: str, tmp_path: Path) -> None:
    """Where nobody listens the exit code is 4."""
    ended = run(command, *words(command, tmp_path), "--endpoint", refused_endpoint, "--timeout", "0.3")
    assert (ended.code, ended.out) == (4, "")
    assert "connection refused" in ended.err


@pytest.mark.parametrize("command", COLLECTING)
def test_disabled(command: str, run: Run, imds: RawServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Switched off, every command ends as not_azure and touches nothing."""
    monkeypatch.setenv("AZURE_IMDS_DISABLED", "yes")
    ended = run(command, *words(command, tmp_path), "--endpoint", imds.url)
    assert (ended.code, ended.out) == (3, "")
    assert not imds.requests
    assert not (tmp_path / "cache").exists()
    assert not (tmp_path / "facts.d").exists()


@pytest.mark.parametrize("command", COLLECTING)
def test_verbose(command: str, run: Run, imds: RawServer, tmp_path: Path) -> None:
    """-v, before or after the command, prints each request to standard error, and no secret."""
    for arguments in (["-v", command], ["--verbose", command], [command, "-v"]):
        head, *rest = arguments if arguments[0] == command else [arguments[0], command]
        cache = ["--cache-ttl", "0"] if command != "get" else []
        line = [head, *rest, *words(command, tmp_path), "--endpoint", imds.url, *cache]
        ended = run(*line)
        assert ended.code == 0
        assert "GET " + imds.url in ended.err
        assert ": 200, " in ended.err
        assert "c2VjcmV0" not in ended.err
    quiet = run(command, *words(command, tmp_path), "--endpoint", imds.url)
    assert "GET" not in quiet.err


# What makes a command print more than a pipe holds.
MUCH = {"get": ("/metadata/instance",), "show": ("compute",)}


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("command", ["facts", "show", "get"])
def test_broken_pipe(command: str, unbuffered: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the reader has gone the program ends quietly, with standard output buffered or not."""
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    document = build_document(filler=["x" * 100] * 3000)
    with RawServer(answering(json.dumps(document).encode())) as server:
        arguments = [command, *MUCH.get(command, ()), "--endpoint", server.url]
        with start(*arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stdout
            assert process.stderr
            process.stdout.read(1)
            process.stdout.close()
            errors = process.stderr.read()
        assert (process.returncode, errors) == (141, b"")


def test_broken_pipe_before_the_end() -> None:
    """A short answer whose reader has gone is noticed too."""
    with start("export", "ansible-path", stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        errors = process.stderr.read()
    assert (process.returncode, errors) == (141, b"")


@pytest.mark.parametrize("words", ["-v export ansible-path", "export -v ansible-path", "export ansible-path -v"])
def test_verbose_wherever(words: str, run: Run) -> None:
    """Every command takes -v, and more than one."""
    assert run(*words.split()).code == 0
    assert run("-v", *words.split()).code == 0
