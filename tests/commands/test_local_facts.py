# SPDX-License-Identifier: Apache-2.0
"""Test the command `local-facts`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.command_line import Run
from tests.support.servers import RawServer

NAME = "azure_imds.fact"


def test_write(run: Run, imds: RawServer, tmp_path: Path) -> None:
    """The file holds the facts without their age, and standard output stays empty."""
    ended = run("local-facts", "--directory", str(tmp_path / "d"), "--endpoint", imds.url)
    assert (ended.code, ended.out) == (0, "")
    path = tmp_path / "d" / NAME
    assert str(path) in ended.err
    facts = json.loads(path.read_text())
    assert facts["compute"]["vm_size"] == "Standard_D2s_v3"
    assert "age_seconds" not in facts["snapshot"]
    assert path.stat().st_mode & 0o777 == 0o644


def test_reveal(run: Run, imds: RawServer, tmp_path: Path) -> None:
    """With something revealed the file is its owner's alone."""
    run("local-facts", "--directory", str(tmp_path), "--endpoint", imds.url, "--reveal", "user_data")
    assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o600
    assert json.loads((tmp_path / NAME).read_text())["compute"]["user_data"]


def test_failure(run: Run, imds: RawServer, refused_endpoint: str, tmp_path: Path) -> None:
    """When IMDS does not answer the old file stays, marked stale, and the exit code tells."""
    run("local-facts", "--directory", str(tmp_path), "--endpoint", imds.url)
    before = json.loads((tmp_path / NAME).read_text())
    ended = run("local-facts", "--directory", str(tmp_path), "--endpoint", refused_endpoint, "--timeout", "0.3")
    assert (ended.code, ended.out) == (4, "")
    assert "stale" in ended.err
    before["snapshot"]["source"] = "stale"
    assert json.loads((tmp_path / NAME).read_text()) == before


@pytest.mark.parametrize("force", [False, True])
def test_foreign_file(force: bool, run: Run, imds: RawServer, tmp_path: Path) -> None:
    """A foreign file is replaced with --force alone."""
    (tmp_path / NAME).write_text("[mine]\n")
    ended = run("local-facts", "--directory", str(tmp_path), "--endpoint", imds.url, *(["--force"] if force else []))
    assert ended.code == (0 if force else 2)
    assert ((tmp_path / NAME).read_text() == "[mine]\n") is not force
    assert force or (not imds.requests and "--force" in ended.err)


def test_usage_leaves_files_alone(run: Run, imds: RawServer, tmp_path: Path) -> None:
    """A wrong flag changes nothing."""
    run("local-facts", "--directory", str(tmp_path), "--endpoint", imds.url)
    before = (tmp_path / NAME).read_bytes()
    assert run("local-facts", "--directory", str(tmp_path), "--timeout", "x").code == 2
    assert (tmp_path / NAME).read_bytes() == before


def test_boot(run: Run, imds: RawServer, refused_endpoint: str, tmp_path: Path) -> None:
    """With --boot, facts of another boot are marked stale before IMDS is asked, and renewed once it answers."""
    run("local-facts", "--directory", str(tmp_path), "--endpoint", imds.url)
    facts = json.loads((tmp_path / NAME).read_text())
    facts["snapshot"].update(boot_id="another", vm_id=None)
    (tmp_path / NAME).write_text(json.dumps(facts))
    ended = run(
        "local-facts", "--boot", "--directory", str(tmp_path), "--endpoint", refused_endpoint, "--timeout", "0.3"
    )
    assert ended.code == 4
    assert "earlier boot" in ended.err
    assert json.loads((tmp_path / NAME).read_text())["snapshot"]["source"] == "stale"
    assert run("local-facts", "--boot", "--directory", str(tmp_path), "--endpoint", imds.url).code == 0
    assert json.loads((tmp_path / NAME).read_text())["snapshot"]["source"] in ("imds", "cache")


def test_remove(run: Run, imds: RawServer, tmp_path: Path) -> None:
    """The file goes, and IMDS is not asked; without one there is nothing to do; a foreign one takes --force."""
    folder = tmp_path / "d"
    run("local-facts", "--directory", str(folder), "--endpoint", imds.url)
    asked = len(imds.requests)
    ended = run("local-facts", "--remove", "--directory", str(folder), "--endpoint", imds.url)
    assert (ended.code, ended.out) == (0, "")
    assert f"Removed {folder / NAME}." in ended.err
    assert not (folder / NAME).exists()
    for empty in (folder, tmp_path / "missing"):
        again = run("local-facts", "--remove", "--directory", str(empty))
        assert (again.code, again.out, again.err) == (0, "", "")
    (folder / NAME).write_text("[mine]\n")
    assert run("local-facts", "--remove", "--directory", str(folder)).code == 2
    assert (folder / NAME).exists()
    assert run("local-facts", "--remove", "--force", "--directory", str(folder)).code == 0
    assert list(folder.iterdir()) == []
    assert len(imds.requests) == asked
