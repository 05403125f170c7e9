# SPDX-License-Identifier: Apache-2.0
"""Files that other programs and users read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from azure_imds_facts.commands.public_files import write_public_file
from azure_imds_facts.core.errors import UsageError


@pytest.fixture(params=[0o000, 0o022, 0o077], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    """A umask, from the widest to the narrowest."""
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


@pytest.mark.parametrize("durable", [False, True])
def test_readable_by_all(durable: bool, umask: int, tmp_path: Path) -> None:
    """A file and its folders are readable by all and writable by their owner, whatever the umask, which stays."""
    path = tmp_path / "a" / "b" / "file"
    write_public_file(str(path), "größe\n", durable=durable)
    assert path.read_text(encoding="utf-8") == "größe\n"
    assert path.stat().st_mode & 0o777 == 0o644
    assert {folder.stat().st_mode & 0o777 for folder in (path.parent, path.parents[1])} == {0o755}
    assert os.listdir(path.parent) == ["file"]
    assert os.umask(umask) == umask


def test_replaced_as_a_whole(tmp_path: Path) -> None:
    """A file that was open keeps its content, and a link is replaced rather than followed."""
    path, target = tmp_path / "file", tmp_path / "target"
    path.write_text("old")
    with path.open() as opened:
        write_public_file(str(path), "new")
        assert (opened.read(), path.read_text()) == ("old", "new")
    target.write_text("target")
    path.unlink()
    path.symlink_to(target)
    write_public_file(str(path), "new")
    assert (path.read_text(), target.read_text(), path.is_symlink()) == ("new", "target", False)


def test_a_plain_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name without a folder is a file in the working directory."""
    monkeypatch.chdir(tmp_path)
    write_public_file("file", "x")
    assert (tmp_path / "file").read_text() == "x"


@pytest.mark.parametrize("kind", ["file above", "directory"])
def test_unwritable(kind: str, umask: int, tmp_path: Path) -> None:
    """What cannot be written is a usage error that mentions the path, and the umask is as before."""
    path = tmp_path / "file"
    if kind == "directory":
        path.mkdir()
    else:
        path.write_text("x")
        path = path / "below"
    with pytest.raises(UsageError, match="cannot be written") as caught:
        write_public_file(str(path), "x")
    assert str(path) in caught.value.problem
    assert os.umask(umask) == umask
