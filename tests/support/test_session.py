# SPDX-License-Identifier: Apache-2.0
"""A session of tutorials is a shell that goes on, sees loopback alone, and leaves nothing behind."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import session as module
from tests.support.session import Session, find_obstacle


@pytest.fixture(autouse=True)
def _can_be() -> None:
    if sys.platform != "linux" or find_obstacle():
        pytest.skip("namespaces are Linux's" if sys.platform != "linux" else find_obstacle())


@pytest.fixture(name="session")
def _session(tmp_path: Path) -> Iterator[Session]:
    with Session(tmp_path) as session:
        yield session


def test_one_shell(session: Session) -> None:
    """Variables, functions and the folder stay; exit codes are those of any command; standard input is empty."""
    assert session.run("here=1; cd /; no() { return 3; }") == 0
    assert session.run('no\necho "$here $PWD"; cat') == 3
    assert session.read() == ["1 /"]
    assert session.run("if false; then :; fi; false || true") == 0
    assert session.run("if") != 0


def test_jobs_in_the_background(session: Session) -> None:
    """They live on from one block to the next, print where the reader is by then, and can be stopped."""
    assert session.run("(until [ -e now ]; do sleep 0.1; done; echo late; sleep 100) &") == 0
    session.save("now", "")
    assert session.run("echo soon") == 0
    assert session.wait_for("late") is None
    assert session.run("kill %1") == 0


def test_lines_in_order(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Expected lines are whole lines in order, with others between them; the first that is missing is told."""
    session.run("seq 1 4; echo a[b]c >&2")
    monkeypatch.setattr(module, "DEADLINE_S", 0)
    assert session.wait_for("1", "", "3", "…", "a…c") is None
    assert session.wait_for("3", "2") == "2"
    assert session.wait_for("a") == "a"


def test_nothing_outside(session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has loopback alone, an empty /run, a home of its own and no variable of the developer's."""
    assert session.run("cd /sys/class/net 2>/dev/null; tail -n +3 /proc/net/dev | cut -d: -f1; ls -A /run ~; env") == 0
    assert session.wait_for("…lo", "/run:", f"HOME={tmp_path}/home") is None
    assert not any(line.startswith("AZURE_IMDS_") for line in session.read())


def test_the_end(tmp_path: Path) -> None:
    """What it has started ends with it, a daemon of another session included; a shell that ends is told."""
    with Session(tmp_path) as session:
        session.run("setsid sh -c 'while :; do date >>beat; sleep 0.05; done' & until [ -s beat ]; do sleep 0.05; done")
        with pytest.raises(TimeoutError, match="ended"):
            session.run("exit 4")
    beats = (tmp_path / "work/beat").stat().st_size
    assert session.read() == []
    assert (tmp_path / "work/beat").stat().st_size == beats
