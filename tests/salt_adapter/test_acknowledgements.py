# SPDX-License-Identifier: Apache-2.0
"""Test that of all who acknowledge an event one is the first."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from azure_imds_facts.core.errors import UsageError
from azure_imds_facts.salt import acknowledgements

EVENT = "602D9444-d2cd-49c7-8624-8643e7171297"


def test_first(tmp_path: Path) -> None:
    """True once, then False, without regard to case; another event is another."""
    opts = {"cachedir": str(tmp_path)}
    assert not acknowledgements.is_acknowledged(opts, EVENT)
    assert acknowledgements.acknowledge(opts, EVENT)
    assert not acknowledgements.acknowledge(opts, f" {EVENT.lower()} ")
    assert acknowledgements.is_acknowledged(opts, EVENT)
    assert not acknowledgements.is_acknowledged(opts, "another")


def test_at_the_same_time(tmp_path: Path) -> None:
    """Of several processes, which several masters start, exactly one is the first."""
    with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as pool:
        answers = list(pool.map(acknowledgements.acknowledge, [{"cachedir": str(tmp_path)}] * 16, [EVENT] * 16))
    assert answers.count(True) == 1


@pytest.mark.parametrize("event_id", ["", "../x", "a/b", "a b", "x" * 129])
def test_no_id(event_id: str, tmp_path: Path) -> None:
    """What is no id names no file."""
    with pytest.raises(UsageError):
        acknowledgements.acknowledge({"cachedir": str(tmp_path)}, event_id)
    assert not acknowledgements.is_acknowledged({"cachedir": str(tmp_path)}, event_id)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("is_linked", [False, True])
def test_nowhere_to_note_it(is_linked: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Where it cannot be noted there is a warning, and rather a second drain than none; nothing goes through a link."""
    folder = tmp_path / "azure_imds_acknowledged"
    if is_linked:
        (tmp_path / "else").mkdir(mode=0o700)
        folder.symlink_to(tmp_path / "else")
    else:
        folder.write_text("")
    assert acknowledgements.acknowledge({"cachedir": str(tmp_path)}, EVENT)
    assert acknowledgements.acknowledge({"cachedir": str(tmp_path)}, EVENT)
    assert "cannot be noted" in caplog.text
    assert not is_linked or not list((tmp_path / "else").iterdir())


def test_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of too many the oldest are forgotten."""
    monkeypatch.setattr(acknowledgements, "_MOST", 3)
    opts = {"cachedir": str(tmp_path)}
    for number in range(6):
        acknowledgements.acknowledge(opts, f"e{number}")
        os.utime(tmp_path / f"azure_imds_acknowledged/event.e{number}", (number, number))
    assert [number for number in range(6) if acknowledgements.is_acknowledged(opts, f"e{number}")] == [3, 4, 5]


def test_function(import_salt_adapter: Callable[[str], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The function answers the same, and fails the step of an orchestration the second time."""
    module = import_salt_adapter("modules.azure_imds")
    context: dict[str, Any] = {}
    monkeypatch.setattr(module, "__opts__", {"cachedir": str(tmp_path)}, raising=False)
    monkeypatch.setattr(module, "__context__", context, raising=False)
    assert (module.acknowledge(EVENT), context) == (True, {})
    assert (module.acknowledge(EVENT), context) == (False, {"retcode": 1})
