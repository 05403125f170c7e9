# SPDX-License-Identifier: Apache-2.0
"""Test the command `verify`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.attested import (
    INTERMEDIATE,
    NONCE,
    NOW,
    ROOT,
    SUBSCRIPTION,
    VM_ID,
    Document,
    build_content,
)
from tests.support.command_line import Run, start

GOOD = Document(build_content())
AT = NOW.strftime("%Y-%m-%dT%H:%M:%SZ")
OTHER = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with a document and the certificates of its chain."""
    (tmp_path / "document.json").write_text(json.dumps(GOOD.answer))
    (tmp_path / "root.pem").write_bytes(ROOT.pem)
    (tmp_path / "ca.pem").write_bytes(INTERMEDIATE.pem)
    (tmp_path / "chain.pem").write_bytes(ROOT.pem + INTERMEDIATE.pem)
    return tmp_path


def flags(files: Path) -> list[str]:
    """Return the flags by which the document holds."""
    return ["--trust", str(files / "root.pem"), "--intermediate", str(files / "ca.pem"), "--at", AT, "--offline"]


def test_prints_the_claims(run: Run, files: Path) -> None:
    """Standard output is what was signed, in IMDS's spelling, and by what it was proven."""
    asked = ["--nonce", NONCE, "--vm-id", VM_ID, "--subscription", OTHER, "--subscription", SUBSCRIPTION]
    ended = run("verify", str(files / "document.json"), *flags(files), *asked, "--cloud", "AzureCloud")
    assert (ended.code, ended.err) == (0, "")
    claims = json.loads(ended.out)
    assert (claims["vmId"], claims["subscriptionId"], claims["nonce"]) == (VM_ID, SUBSCRIPTION, NONCE)
    assert claims["proof"]["cloud"] == "AzureCloud"
    assert claims["proof"]["root"] == "Test Root"
    assert claims["proof"]["createdAt"] == AT


@pytest.mark.parametrize("arguments", [[], ["-"]])
def test_standard_input(arguments: list[str], files: Path) -> None:
    """Without a file the document comes from standard input."""
    process = start("verify", *arguments, *flags(files), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    out, _err = process.communicate(GOOD.base64.encode(), timeout=60)
    assert json.loads(out)["vmId"] == VM_ID


def test_one_file_for_root_and_intermediate(run: Run, files: Path) -> None:
    """Of a trusted file what is no root counts as an intermediate."""
    ended = run("verify", str(files / "document.json"), "--trust", str(files / "chain.pem"), "--at", AT, "--offline")
    assert ended.code == 0


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (["--nonce", "x"], "nonce"),
        (["--vm-id", OTHER], "vm"),
        (["--subscription", OTHER], "subscription"),
        (["--cloud", "AzureChinaCloud"], "domain"),
        (["--at", "2026-11-27T13:00:00Z"], "stale"),
        (["--at", "2026-11-27T11:00:00+00:00"], "future"),
        (["--at", "2026-11-27T12:02:10", "--max-age", "0"], "stale"),
        (["--at", str(NOW.timestamp() + 86400), "--max-age", "100000"], "expired"),
    ],
)
def test_says_why_not(asked: list[str], reason: str, run: Run, files: Path) -> None:
    """A document that does not hold is `invalid`, with the reason, nothing on standard output, and not the document."""
    ended = run("verify", str(files / "document.json"), *flags(files), *asked)
    assert (ended.code, ended.out) == (8, "")
    assert ended.err.startswith(f"azure-imds-facts: invalid: {reason}: ")
    assert GOOD.base64[40:80] not in ended.err
    assert ended.err.count("\n") == 1


def test_what_is_not_trusted(run: Run, files: Path) -> None:
    """Without its root the document does not hold, nor with its root as an intermediate."""
    for given in (["--intermediate", "chain.pem"], ["--intermediate", "ca.pem"]):
        named = [given[0], str(files / given[1])]
        ended = run("verify", str(files / "document.json"), *named, "--at", AT, "--offline")
        assert ended.code == 8
        assert "chain" in ended.err or "intermediate" in ended.err


@pytest.mark.parametrize(
    "wrong",
    [
        ["--trust", "missing.pem"],
        ["--trust", "document.json"],
        ["--trust", "ca.pem"],
        ["--intermediate", "document.json"],
        ["--cloud", "AzureStack"],
        ["--max-age", "-1"],
        ["--max-age", "nan"],
        ["--at", "yesterday"],
        ["--at", "1e99"],
        ["--at", ""],
    ],
)
def test_usage(wrong: list[str], run: Run, files: Path) -> None:
    """Files that cannot be used and values that are none are usage."""
    value = str(files / wrong[1]) if wrong[1].endswith((".pem", ".json")) else wrong[1]
    ended = run("verify", str(files / "document.json"), *flags(files), wrong[0], value)
    assert (ended.code, ended.out) == (2, "")


@pytest.mark.parametrize("name", ["missing.json", "."])
def test_a_file_that_cannot_be_read(name: str, run: Run, files: Path) -> None:
    """A document that cannot be read is usage."""
    ended = run("verify", str(files / name), *flags(files))
    assert (ended.code, ended.out) == (2, "")
    assert "cannot be read" in ended.err


def test_a_large_file(run: Run, files: Path) -> None:
    """A file without end is refused by its size."""
    ended = run("verify", "/dev/zero", *flags(files))
    assert ended.code == 8
    assert "invalid: size: " in ended.err


def test_without_cryptography(files: Path) -> None:
    """Where cryptography is missing one line says what to install, and the help is there all the same."""
    hidden = "import sys; sys.modules['cryptography'] = None; from azure_imds_facts.cli import main; sys.exit(main(sys.argv[1:]))"
    for arguments, code, said in (
        (["verify", str(files / "document.json")], 2, "pip install 'azure-imds-facts[attest]'"),
        (["verify", "--self-test"], 2, "pip install 'azure-imds-facts[attest]'"),
        (["verify", "--help"], 0, "--self-test"),
    ):
        done = subprocess.run([sys.executable, "-c", hidden, *arguments], capture_output=True, text=True, check=False)
        assert (done.returncode, "Traceback" in done.stderr) == (code, False), done.stderr
        assert said in done.stdout + done.stderr


def test_a_time_that_is_none(run: Run) -> None:
    """The message says what a time looks like, in the user's words."""
    ended = run("verify", "--at", "never")
    assert (ended.code, ended.out) == (2, "")
    assert "'never' is no time; give 2026-07-28T13:24:00Z or seconds since 1970" in ended.err
    assert "_parse" not in ended.err
