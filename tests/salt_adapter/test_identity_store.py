# SPDX-License-Identifier: Apache-2.0
"""What was proven, on disk."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from azure_imds_facts.salt.identity_store import IdentityStore, find_directory


@pytest.fixture
def store(tmp_path: Path) -> IdentityStore:
    """A store with one record."""
    made = IdentityStore(str(tmp_path / "identities"))
    made.write("web", key="k", claims={"vmId": "v"})
    return made


def only_file(tmp_path: Path) -> Path:
    """Return the file of the one record."""
    (path,) = (tmp_path / "identities").iterdir()
    return path


def test_comes_back(store: IdentityStore, tmp_path: Path) -> None:
    """A record is for its owner alone, and replaced as a whole."""
    store.write("web", key="k2", claims={"vmId": "v2"})
    record = store.read("web")
    assert record
    assert (record["minion"], record["key"], record["claims"]) == ("web", "k2", {"vmId": "v2"})
    assert only_file(tmp_path).stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "identities").stat().st_mode & 0o777 == 0o700
    assert list(store.records()) == [record]


def test_remove(store: IdentityStore) -> None:
    """What is removed is gone; removing it again is nothing."""
    for _time in range(2):
        store.remove("web")
    assert (store.read("web"), list(store.records())) == (None, [])


@pytest.mark.parametrize("name", ["../web", "web/x", "WEB", "", "a" * 5000])
def test_ids_are_no_paths(name: str, store: IdentityStore, tmp_path: Path) -> None:
    """Whatever an id holds, its file is in the directory, and another's record is not its own."""
    assert store.read(name) is None
    store.write(name, key="k", claims={})
    assert len(list((tmp_path / "identities").iterdir())) == 2


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"minion": "web", "claims": [], "key": ""}', "[" * 99999])
def test_damaged(content: str, store: IdentityStore, tmp_path: Path) -> None:
    """A file that is no record is none."""
    only_file(tmp_path).write_text(content)
    assert (store.read("web"), list(store.records())) == (None, [])


def test_a_file_of_others(store: IdentityStore, tmp_path: Path) -> None:
    """A record that others may write, a link, a FIFO and another minion's record are not read."""
    path = only_file(tmp_path)
    path.chmod(0o620)
    assert store.read("web") is None
    content = json.loads(path.read_text())
    path.unlink()
    (tmp_path / "elsewhere").write_text(json.dumps(content))
    path.symlink_to(tmp_path / "elsewhere")
    assert store.read("web") is None
    path.unlink()
    os.mkfifo(path, 0o600)
    assert store.read("web") is None
    path.unlink()
    path.write_text(json.dumps({**content, "minion": "db"}))
    path.chmod(0o600)
    assert store.read("web") is None


def test_a_directory_of_others(store: IdentityStore, tmp_path: Path) -> None:
    """Nothing is written where others may write."""
    (tmp_path / "identities").chmod(0o777)
    with pytest.raises(PermissionError):
        store.write("db", key="k", claims={})


def test_place() -> None:
    """It lies in the master's cache."""
    assert find_directory({"cachedir": "/var/cache/salt/master"}) == "/var/cache/salt/master/azure_imds_identity"
