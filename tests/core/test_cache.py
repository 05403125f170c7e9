# SPDX-License-Identifier: Apache-2.0
"""Test the cache: whatever is wrong with it costs a request and one warning, never a wrong fact."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from azure_imds_facts.core.cache import Cache, Entry, Key, build_entry
from azure_imds_facts.core.client import Answer

from tests.support.clocks import ManualClock
from tests.support.documents import build_document
from tests.support.hosts import BOOT_ID
from tests.support.reporters import ListReporter
from tests.support.scripted import ScriptedTransport, reply

KEY = Key(endpoint="http://169.254.169.254", path="/metadata/instance", asked="negotiated", boot_id=BOOT_ID)
SECRET = "outside"


@pytest.fixture
def cache(tmp_path: Path, clock: ManualClock, reporter: ListReporter) -> Cache:
    """A cache in a directory that is not there yet."""
    return Cache(str(tmp_path / "cache"), clock=clock, reporter=reporter)


def fill(cache: Cache, document: object = None) -> None:
    """Keep a document."""
    answer = Answer(version="2021-02-01", local_address="10.1.0.4", asked_boottime=cache._clock.boottime())
    cache.write(KEY, build_entry(document or build_document(), answer, cache._clock))


def test_round_trip(cache: Cache, clock: ManualClock, tmp_path: Path) -> None:
    """What was cached comes back, with its age; directory 0700, files 0600."""
    assert cache.read(KEY) is None
    assert not (tmp_path / "cache").exists()
    fill(cache)
    clock.advance(7)
    entry = cache.read(KEY)
    assert isinstance(entry, Entry)
    assert (entry.api_version, entry.age_s, entry.local_address) == ("2021-02-01", 7.0, "10.1.0.4")
    assert entry.fetched_at == "2023-11-14T22:13:20Z"
    assert entry.document["compute"]["vmSize"] == "Standard_D2s_v3"
    assert (tmp_path / "cache").stat().st_mode & 0o777 == 0o700
    os.close(cache.open_lock(KEY) or -1)
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "cache").iterdir()} == {0o600}


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_any_umask(umask: int, cache: Cache, tmp_path: Path) -> None:
    """Modes do not depend on the umask for the worse."""
    before = os.umask(umask)
    try:
        fill(cache)
    finally:
        os.umask(before)
    for path in (tmp_path / "cache").iterdir():
        assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "change",
    [
        {"endpoint": "http://127.0.0.1:1"},
        {"path": "/metadata/loadbalancer"},
        {"asked": "2021-02-01"},
        {"boot_id": "other"},
    ],
)
def test_other_keys(change: dict[str, str], cache: Cache, reporter: ListReporter) -> None:
    """An entry answers its own key alone, whatever its file is called."""
    fill(cache)
    other = Key(**{**KEY.__dict__, **change})
    assert cache.read(other) is None
    assert not reporter.warnings


def test_file_of_another_key_under_our_name(cache: Cache, tmp_path: Path) -> None:
    """A file that was moved to another key's name is not that key's entry."""
    fill(cache)
    other = Key(**{**KEY.__dict__, "asked": "2021-02-01"})
    os.rename(tmp_path / "cache" / KEY.file_name, tmp_path / "cache" / other.file_name)
    assert cache.read(other) is None


def test_clock_stepped(cache: Cache, clock: ManualClock) -> None:
    """The date may jump: age counts by the time since boot; an entry of the future is none."""
    fill(cache)
    clock.now += 1_000_000
    clock.advance(5)
    entry = cache.read(KEY)
    assert entry
    assert entry.age_s == 5.0
    clock.booted_s -= 500
    assert cache.read(KEY) is None


def damage_content(content: bytes) -> Callable[[Path], object]:
    """Return what puts this content into the entry's file."""
    return lambda path: path.write_bytes(content)


def change_stored(**changes: object) -> Callable[[Path], object]:
    """Return what changes the entry's own fields."""

    def damage(path: Path) -> None:
        path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))

    return damage


def become_link(path: Path) -> None:
    """Put a link to a valid entry in the file's place."""
    target = path.parent.parent / SECRET
    path.rename(target)
    path.symlink_to(target)


def become_hard_link(path: Path) -> None:
    """Give the file a second name."""
    os.link(path, path.parent.parent / SECRET)


def become_fifo(path: Path) -> None:
    """Put a FIFO in the file's place."""
    path.unlink()
    os.mkfifo(path, 0o600)


def become_directory(path: Path) -> None:
    """Put a directory in the file's place."""
    path.unlink()
    path.mkdir()


def become_foreign(path: Path) -> None:
    """Give the file to another user."""
    os.chown(path, 12345, 12345)


DAMAGE: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:-20]),
    "not JSON": damage_content(b"hello"),
    "not an object": damage_content(b"[]"),
    "binary": damage_content(b"\xff\x00" * 100),
    "nested": damage_content(b"[" * 300_000),
    "huge": damage_content(b" " * (4 * 1024 * 1024 + 1)),
    "no time": change_stored(asked_boottime=None),
    "time of no number": change_stored(asked_boottime="soon"),
    "NaN": change_stored(asked_boottime=float("nan")),
    "infinitely old": change_stored(asked_boottime=float("-inf")),
    "other format": change_stored(format=99),
    "document of text": change_stored(document="x"),
    "no document": change_stored(document=None),
    "another's document": change_stored(document={"compute": [], "network": {}}),
    "link": become_link,
    "hard link": become_hard_link,
    "FIFO": become_fifo,
    "directory": become_directory,
    "group writable": lambda path: path.chmod(0o620),
    "world writable": lambda path: path.chmod(0o602),
    "foreign": become_foreign,
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damaged_entry(name: str, collect_from: Callable[..., Any], tmp_path: Path, reporter: ListReporter) -> None:
    """A damaged entry costs a request and at the most one warning; nothing is written through a link."""
    if name == "foreign" and os.geteuid() != 0:
        pytest.skip("only root can give files away")
    transport = ScriptedTransport(reply(200, build_document(zone="1")), reply(200, build_document(zone="2")))
    collect_from(transport)
    DAMAGE[name](tmp_path / "cache" / KEY.file_name)
    outside = tmp_path / SECRET
    before = outside.read_bytes() if outside.exists() else None
    snapshot = collect_from(transport)
    assert (snapshot.source, snapshot.document["compute"]["zone"]) == ("imds", "2")
    assert len(reporter.warnings) <= 1
    assert all("cache" in warning for warning in reporter.warnings)
    if before is not None:
        assert outside.read_bytes() == before


def spoil_directory(name: str, root: Path) -> None:
    """Prepare the cache's place as others might."""
    cache, outside = root / "cache", root / SECRET
    if name == "link":
        outside.mkdir(mode=0o700)
        cache.symlink_to(outside)
    elif name == "dangling link":
        cache.symlink_to(outside)
    elif name == "file":
        cache.write_text("x")
    elif name == "FIFO":
        os.mkfifo(cache, 0o700)
    elif name == "foreign":
        cache.mkdir(mode=0o700)
        os.chown(cache, 12345, 12345)
    else:
        cache.mkdir()
        cache.chmod(int(name, 8))


@pytest.mark.parametrize("name", ["link", "dangling link", "file", "FIFO", "foreign", "0755", "0770", "0777", "1777"])
def test_unsafe_directory(name: str, collect_from: Callable[..., Any], tmp_path: Path, reporter: ListReporter) -> None:
    """A directory that is not ours alone is not used: one warning, facts all the same, nothing written."""
    if name == "foreign" and os.geteuid() != 0:
        pytest.skip("only root can give directories away")
    spoil_directory(name, tmp_path)
    transport = ScriptedTransport(reply(200, build_document()))
    assert [collect_from(transport).source for _ in range(2)] == ["imds", "imds"]
    assert len(reporter.warnings) == 2
    outside = tmp_path / SECRET
    assert not outside.exists() or list(outside.iterdir()) == []
    assert not (tmp_path / "cache").is_dir() or list((tmp_path / "cache").iterdir()) == []


def test_place_that_cannot_be_made(collect_from: Callable[..., Any], tmp_path: Path, reporter: ListReporter) -> None:
    """A directory that cannot be made costs one warning."""
    (tmp_path / "file").write_text("x")
    transport = ScriptedTransport(reply(200, build_document()))
    assert collect_from(transport, cache_dir=str(tmp_path / "file" / "cache")).source == "imds"
    assert len(reporter.warnings) == 1


def test_link_to_lock(collect_from: Callable[..., Any], tmp_path: Path) -> None:
    """The lock is not opened through a link."""
    (tmp_path / "cache").mkdir(mode=0o700)
    (tmp_path / "cache" / f"{KEY.file_name}.lock").symlink_to(tmp_path / SECRET)
    assert collect_from(ScriptedTransport(reply(200, build_document()))).source == "imds"
    assert not (tmp_path / SECRET).exists()


def test_kept_redacted(cache: Cache, tmp_path: Path) -> None:
    """No secret of an answer gets to the disk."""
    fill(cache)
    assert "c2VjcmV0" not in (tmp_path / "cache" / KEY.file_name).read_text()


def test_no_path(clock: ManualClock, reporter: ListReporter) -> None:
    """Without a directory there is no cache and nothing to complain of."""
    cache = Cache(None, clock=clock, reporter=reporter)
    fill(cache)
    assert cache.read(KEY) is None
    assert cache.open_lock(KEY) is None
    assert cache.read_file("x") is None
    assert not reporter.warnings


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ('"asked_boottime": ', '"asked_boottime": ' + "9" * 400 + ", "),
        ('"Standard_D2s_v3"', '"\\\\ud800"'),
        ('"Standard_D2s_v3"', "[" * 900 + "]" * 900),
        ('"Standard_D2s_v3"', "[" * 66 + "]" * 66),
    ],
    ids=["a time without end", "half a character", "nested", "nested a little"],
)
def test_a_broken_entry_costs_a_request(
    was: str, becomes: str, collect_from: Callable[..., Any], reporter: ListReporter, tmp_path: Path
) -> None:
    """Whatever has become of an entry, it is no failure: one warning, and IMDS is asked."""
    collect_from(ScriptedTransport(reply(200, build_document())))
    (path,) = (tmp_path / "cache").glob("*.json")
    content = path.read_text()
    assert was in content
    broken = content.replace(was, becomes.replace("\\\\", "\\"), 1)
    path.write_text(re.sub(r"(9{400}), [0-9.]+", r"\1", broken))
    assert collect_from(ScriptedTransport(reply(200, build_document()))).source == "imds"
    assert len(reporter.warnings) == 1


def test_half_a_character_is_not_half_an_entry(cache: Cache, reporter: ListReporter) -> None:
    """Characters beyond the basic plane, and a backslash with `ud800` behind it, come back as they were."""
    document = build_document(name="\U0001f680 \\\\ud800")
    fill(cache, document)
    entry = cache.read(KEY)
    assert entry is not None
    assert entry.document["compute"]["name"] == document["compute"]["name"]
    assert reporter.warnings == []
