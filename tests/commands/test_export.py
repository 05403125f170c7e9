# SPDX-License-Identifier: Apache-2.0
"""Test what holds for every export: a path of any bytes, and nothing printed unless all is written."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.support.command_line import Run, start


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
