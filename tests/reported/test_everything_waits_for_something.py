# SPDX-License-Identifier: Apache-2.0
"""Reported: "every tool ends unreachable without a request, and doctor says ok": a stopped process held the lock."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from azure_imds_facts.core.clock import Clock
from azure_imds_facts.core.settings import Settings
from azure_imds_facts.doctor.findings import Finding
from azure_imds_facts.doctor.lock import check_lock
from azure_imds_facts.emulator import Emulator

from tests.reported.command_line import run_in_pipe

# Locks a file, writes what it was given into it, and says so.
HOLD = """
import fcntl, os, sys, time
fd = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT, 0o600)
fcntl.flock(fd, fcntl.LOCK_EX)
os.write(fd, sys.argv[2].replace("PID", str(os.getpid())).encode())
print("held", flush=True)
time.sleep(60)
"""
Hold = Callable[..., int]


@pytest.fixture(name="cache")
def _cache(tmp_path: Path) -> Path:
    """A directory as the cache is."""
    (tmp_path / "cache").mkdir(mode=0o700)
    return tmp_path / "cache"


@pytest.fixture(name="hold")
def _hold(cache: Path) -> Iterator[Hold]:
    """Have a process hold a lock with some content; return its id."""
    started: list[subprocess.Popen[str]] = []

    def hold(content: str, name: str = "entry.json.lock") -> int:
        command = [sys.executable, "-c", HOLD, str(cache / name), content]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        assert started[-1].stdout
        assert started[-1].stdout.readline() == "held\n"
        return started[-1].pid

    yield hold
    for process in started:
        process.kill()
        process.wait(10)
        assert process.stdout
        process.stdout.close()


def _check(cache: Path | None, **options: Any) -> Finding:
    return check_lock(Settings(cache_dir=str(cache) if cache else None), Clock(), **options)


def _content(*, held_s: float, pid: str = "PID") -> str:
    return f'{{"pid": {pid}, "boottime": {Clock().boottime() - held_s}}}'


def test_a_stopped_process_holds_the_lock(hold: Hold, cache: Path) -> None:
    """The holder is named with its state and how long, and both ways out are."""
    pid = hold(_content(held_s=95))
    os.kill(pid, signal.SIGSTOP)
    time.sleep(0.1)
    finding = _check(cache)
    assert finding.verdict == "bad"
    assert f"Held by pid {pid} (python" in finding.text
    assert "since 95 s, which is stopped" in finding.text
    assert finding.fix == f"Let it go on with kill -CONT {pid}, or end it with kill -KILL {pid}."
    os.kill(pid, signal.SIGCONT)


def test_the_command_says_it(hold: Hold, cache: Path) -> None:
    """`doctor` has the line, in its place after the cache."""
    pid = hold(_content(held_s=95))
    os.kill(pid, signal.SIGSTOP)
    with Emulator(rate_limit=0) as imds:
        done = run_in_pipe("doctor", "--endpoint", imds.url, "--cache-dir", str(cache))
    (line,) = [line for line in done.stdout.decode().splitlines() if " lock " in line]
    assert line.startswith("bad     lock                 Held by pid ")
    assert f"→ Let it go on with kill -CONT {pid}" in line
    os.kill(pid, signal.SIGCONT)


@pytest.mark.parametrize(("held_s", "verdict"), [(3, "ok"), (29, "ok"), (31, "bad"), (500, "bad")])
def test_a_process_holds_the_lock_for_long(held_s: float, verdict: str, hold: Hold, cache: Path) -> None:
    """A turn lasts 30 seconds at most: until then a holder is nothing bad."""
    pid = hold(_content(held_s=held_s))
    finding = _check(cache)
    assert (finding.verdict, f"pid {pid}" in finding.text, f"since {held_s} s" in finding.text) == (verdict, True, True)
    assert (finding.fix == "") is (verdict == "ok")


@pytest.mark.parametrize(
    "content",
    ["", "x", "[]", "5", "{}", '{"pid": true, "boottime": 1}', '{"pid": -1, "boottime": 1}', '{"pid": 1}', "[" * 4000,
     '{"pid": 1, "boottime": NaN}', '{"pid": 1, "boottime": 1e999}', '{"pid": 1, "boottime": ' + "9" * 400 + "}", '{"pid": "1", "boottime": 1}', '{"pid": 1, "boottime": null}', "\xff"],
)  # fmt: skip
def test_a_lock_that_names_no_process(content: str, hold: Hold, cache: Path) -> None:
    """Whatever a held lock's file holds, the lock is reported, with what names the holder."""
    hold(content)
    finding = _check(cache)
    assert finding.verdict == "note"
    assert finding.fix == f"fuser -v {cache}/entry.json.lock names it."


def test_a_holder_in_another_container(hold: Hold, cache: Path, tmp_path: Path) -> None:
    """A process that cannot be seen is named by its number."""
    hold(_content(held_s=5, pid="99999999"))
    assert "Held by pid 99999999 since 5 s, which cannot be seen here" in _check(cache).text


def test_a_name_that_acts_on_a_terminal(hold: Hold, cache: Path, tmp_path: Path) -> None:
    """A process names itself, brackets and escape sequences included."""
    hold(_content(held_s=5, pid="7"))
    (tmp_path / "proc/7").mkdir(parents=True)
    (tmp_path / "proc/7/comm").write_text("a) T (\x1b[2J\n")
    (tmp_path / "proc/7/stat").write_text("7 (a) T (\x1b[2J) S 1 7 7 0")
    finding = _check(cache, proc=str(tmp_path / "proc"))
    assert finding.text == "Held by pid 7 (a) T (?[2J) since 5 s: it asks IMDS for all others."


@pytest.mark.parametrize("content", ["", '{"pid": 1, "boottime": 1}'])
def test_a_free_lock_is_no_reason(content: str, cache: Path) -> None:
    """A lock file that its last holder left behind is free, whatever it says."""
    (cache / "entry.json.lock").touch(mode=0o600)
    (cache / "entry.json.lock").write_text(content)
    assert (_check(cache).verdict, _check(cache).text[:5]) == ("ok", "Free:")


def test_no_cache_is_no_lock(tmp_path: Path) -> None:
    """Without a cache, and without its directory, there is nothing to wait for; a file of another kind is no lock."""
    assert _check(None).verdict == "skipped"
    assert _check(tmp_path / "missing").verdict == "ok"
    assert not (tmp_path / "missing").exists()
    (tmp_path / "file").write_text("")
    assert _check(tmp_path / "file").verdict == "skipped"
    (tmp_path / "odd").mkdir()
    os.mkfifo(tmp_path / "odd/a.lock")
    (tmp_path / "odd/b.lock").symlink_to("/etc/passwd")
    (tmp_path / "odd/c.lock").mkdir()
    assert _check(tmp_path / "odd").verdict == "ok"


def test_the_check_takes_no_turn(cache: Path, hold: Hold) -> None:
    """A free lock is free afterwards, and two held ones are both named."""
    lock = cache / "entry.json.lock"
    lock.touch(mode=0o600)
    _check(cache)
    with lock.open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    first = hold(_content(held_s=1))
    second = hold(_content(held_s=100), "other.json.lock")
    finding = _check(cache)
    assert finding.verdict == "bad"
    assert f"pid {first} " in finding.text
    assert f"pid {second} " in finding.text
