# SPDX-License-Identifier: Apache-2.0
"""The versions of the documentation's site, one beside another, and the step that publishes them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.release.test_workflows import PAGES, ROOT, run_step


def stage(site: Path, version: str, text: str) -> subprocess.CompletedProcess[str]:
    """Stage a site whose only page has this text."""
    html = site.parent / "html"
    html.mkdir(exist_ok=True)
    (html / "index.html").write_text(text, encoding="utf-8")
    words = [sys.executable, str(ROOT / "scripts/stage-site.py"), str(html), str(site), version]
    return subprocess.run(words, capture_output=True, text=True, check=False)


def test_versions_stand_side_by_side(tmp_path: Path) -> None:
    """Each has its folder; the list has the newest release first, by number, and branches last."""
    site = tmp_path / "site"
    for version in ("main", "v1.9.0", "v1.10.0", "v1.2.3"):
        assert stage(site, version, version).returncode == 0
    done = stage(site, "main", "main again")
    assert (done.returncode, done.stdout) == (0, "1.10.0 1.9.0 1.2.3 main\n")
    assert json.loads((site / "versions.json").read_text(encoding="utf-8")) == ["1.10.0", "1.9.0", "1.2.3", "main"]
    assert (site / "main/index.html").read_text(encoding="utf-8") == "main again"
    assert (site / "1.9.0/index.html").read_text(encoding="utf-8") == "v1.9.0"
    assert re.findall(r"\S+/(?=\")", (site / "index.html").read_text(encoding="utf-8")) == [
        "url=1.10.0/",
        'href="1.10.0/',
    ]


def test_a_branch_comes_first_while_there_is_no_release(tmp_path: Path) -> None:
    """Before the first tag the pages of main are what users find."""
    assert stage(tmp_path / "site", "main", "main").stdout == "main\n"
    assert 'href="main/"' in (tmp_path / "site/index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("version", ["../main", "", "a/b", "-x", ".git"])
def test_a_version_is_a_folder_s_name(tmp_path: Path, version: str) -> None:
    """Another name is refused in words, and nothing is written."""
    done = stage(tmp_path / "site", version, "")
    assert done.returncode == 2
    assert not (tmp_path / "site").exists()


def test_a_folder_without_a_site_is_refused(tmp_path: Path) -> None:
    """A build that failed leaves no empty version behind."""
    words = [sys.executable, str(ROOT / "scripts/stage-site.py"), str(tmp_path), str(tmp_path / "site"), "main"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "make docs" in done.stderr
    assert not (tmp_path / "site").exists()


def test_the_branch_of_the_pages_is_replaced(tmp_path: Path) -> None:
    """The step pushes all pages in one commit, over what was there, and the token is in no message of git."""
    remote = tmp_path / "remote.git"
    subprocess.run(["git", "init", "-q", "--bare", str(remote)], check=True)
    variables = {
        "TOKEN": "s3cret", "GITHUB_REPOSITORY": "azure-imds/azure-imds-facts", "GITHUB_REF_NAME": "v1.2.3",
        "HOME": str(tmp_path), "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": f"url.{remote}.insteadOf",
        "GIT_CONFIG_VALUE_0": "https://x-access-token:s3cret@github.com/azure-imds/azure-imds-facts",
    }  # fmt: skip
    for text in ("first", "second"):
        runner = tmp_path / text
        (runner / "pages/main").mkdir(parents=True)
        (runner / "pages/main/index.html").write_text(text, encoding="utf-8")
        done = run_step(PAGES, runner, variables)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    git = ["git", "-C", str(remote)]
    names = subprocess.check_output([*git, "ls-tree", "-r", "--name-only", "gh-pages"], text=True)
    assert names.split() == [".nojekyll", "main/index.html"]
    assert subprocess.check_output([*git, "show", "gh-pages:main/index.html"], text=True) == "second"
    assert subprocess.check_output([*git, "rev-list", "--count", "gh-pages"], text=True).strip() == "1"
