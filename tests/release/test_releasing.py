# SPDX-License-Identifier: Apache-2.0
"""RELEASING.md is one screen, and what it tells to type leads from this checkout to one that may be tagged."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from azure_imds_facts.core import versions

from tests.release.test_release_check import COLLECTION, IDENTITY
from tests.release.test_workflows import JOBS

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "RELEASING.md").read_text(encoding="utf-8")
TOOLS = ROOT / ".venv-lint/bin"


def test_it_is_one_screen_and_names_what_is_there() -> None:
    """Targets, scripts, files and jobs that it names exist."""
    assert len(PAGE.splitlines()) <= 40
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"`make ([a-z-]+)", PAGE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    for path in re.findall(r"`((?:scripts|docs|collections|\.ci|\.github)/[^ `]*)`", PAGE):
        assert (ROOT / path).exists(), path
    rows = re.findall(r"(?m)^\| (\w+(?:, \w+)*) \|", PAGE)[1:]
    named = [JOBS[key]["name"] for key in JOBS if key[0] == "release.yml"]
    assert [name for row in rows for name in row.split(", ")] == [re.sub("artefacts.*", "test", name) for name in named]


def test_its_steps_lead_to_a_tag(tmp_path: Path) -> None:
    """In a clone: set version and date, fold the fragments with the page's own command, commit, and the check passes."""
    if not TOOLS.exists():
        pytest.skip(".venv-lint is not set up: make venv-lint")
    clone, version = tmp_path / "clone", "97.98.99"
    environment = {**os.environ, **IDENTITY, "HOME": str(tmp_path)}

    def run(*words: str) -> str:
        done = subprocess.run(words, cwd=clone, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], env=environment, check=True)
    (clone / ".venv-lint").mkdir()
    (clone / ".venv-lint/bin").symlink_to(TOOLS)
    for name, spelled in (("plugins/module_utils/imds/versions.py", 'VERSION = "{}"'), ("galaxy.yml", "version: {}")):
        path = clone / COLLECTION / name
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace(spelled.format(versions.VERSION), spelled.format(version)), encoding="utf-8")
    log = (clone / "CHANGELOG.md").read_text(encoding="utf-8")
    (clone / "CHANGELOG.md").write_text(
        re.sub(r"(?m)^## .*$", f"## {version}, 2027-01-31", log, count=1), encoding="utf-8"
    )
    (block,) = re.findall(r"```\n(.*?)```", PAGE, re.DOTALL)
    run("bash", "-ec", block.replace("1.2.3", version))
    run("git", "commit", "-qam", f"Release {version}")
    # The clone's origin is this checkout, which may hold no such tag.
    assert "can be tagged" in run(sys.executable, str(ROOT / "scripts/release-check.py"), version)
