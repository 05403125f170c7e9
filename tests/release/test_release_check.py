# SPDX-License-Identifier: Apache-2.0
"""`make release-check` passes a checkout that is ready, and names each thing that is not in one line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
COLLECTION = "collections/ansible_collections/azure_imds/facts"
CHANGES = f"{COLLECTION}/changelogs/changelog.yaml"
NOTES = f"{COLLECTION}/CHANGELOG.rst"
VERSIONS = f"{COLLECTION}/plugins/module_utils/imds/versions.py"
FILES = ("CHANGELOG.md", CHANGES, NOTES, VERSIONS, f"{COLLECTION}/galaxy.yml")
VERSION = "7.8.9"
IDENTITY = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    **{f"GIT_{who}_{what}": "t@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
}


class Checkout:
    """A scratch clone of what the check reads, with an origin, in which `VERSION` is ready to be tagged."""

    def __init__(self, folder: Path) -> None:
        self.path, self.origin = folder / "checkout", folder / "origin.git"
        self.path.mkdir()
        for name in FILES:
            (self.path / name).parent.mkdir(parents=True, exist_ok=True)
            self.write(name, (ROOT / name).read_text(encoding="utf-8"))
        fragments = sorted(path.name for path in (ROOT / CHANGES).parent.glob("fragments/*.yml"))
        for name in fragments:
            (self.path / CHANGES).parent.joinpath("fragments").mkdir(exist_ok=True)
            self.write(f"{COLLECTION}/changelogs/fragments/{name}", "trivial: []\n")
        self.write("CHANGELOG.md", f"# Changelog\n\n## {VERSION}, 2027-01-31\n\n- News.\n\n## 0.1.0, 2026-12-01\n")
        self.write(CHANGES, yaml.safe_dump({"releases": {"0.1.0": {}, VERSION: {"fragments": fragments}}}))
        self.write(NOTES, f"v{VERSION}\n======\n")
        for name in FILES[-2:]:
            self.replace(name, "0.1.0", VERSION)
        self.git("init", "-q", "-b", "main")
        self.git("init", "-q", "--bare", str(self.origin))
        self.git("remote", "add", "origin", str(self.origin))
        self.commit()

    def write(self, name: str, text: str) -> None:
        """Write a file of the checkout."""
        (self.path / name).write_text(text, encoding="utf-8")

    def replace(self, name: str, old: str, new: str) -> None:
        """Change a text that is in a file once."""
        text = (self.path / name).read_text(encoding="utf-8")
        assert text.count(old) == 1, (name, old)
        self.write(name, text.replace(old, new))

    def git(self, *words: str) -> str:
        """Run git in it."""
        environment = {**os.environ, **IDENTITY}
        return subprocess.run(
            ["git", *words], cwd=self.path, env=environment, check=True, capture_output=True, text=True
        ).stdout

    def commit(self) -> None:
        """Commit all that there is."""
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "state")

    def check(self, *words: str) -> tuple[int, list[str]]:
        """Return the exit code and the lines of both streams."""
        done = subprocess.run(
            [sys.executable, str(ROOT / "scripts/release-check.py"), *(words or (VERSION,))],
            cwd=self.path,
            env={**os.environ, **IDENTITY},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, (done.stdout + done.stderr).splitlines()


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A checkout that is ready."""
    return Checkout(tmp_path)


def drop_release(checkout: Checkout) -> None:
    """Take the release out of the collection's list, and its fragments with it."""
    document: dict[str, Any] = yaml.safe_load((checkout.path / CHANGES).read_text(encoding="utf-8"))
    document["releases"]["0.1.0"] = document["releases"].pop(VERSION)
    checkout.write(CHANGES, yaml.safe_dump(document))


# What is wrong → the line that says it.
FAULTS = {
    "the core's version": (
        lambda c: c.replace(VERSIONS, f'VERSION = "{VERSION}"', 'VERSION = "7.8.8"'),
        f"{VERSIONS} says 7.8.8 instead of 7.8.9",
    ),
    "galaxy.yml": (
        lambda c: c.replace(f"{COLLECTION}/galaxy.yml", f"version: {VERSION}", "version: 7.8.8"),
        f"{COLLECTION}/galaxy.yml says 7.8.8 instead of 7.8.9",
    ),
    "no date": (
        lambda c: c.replace("CHANGELOG.md", f"{VERSION}, 2027-01-31", f"{VERSION}, unreleased"),
        "CHANGELOG.md begins with '7.8.9, unreleased' instead of",
    ),
    "no entry": (
        lambda c: c.replace("CHANGELOG.md", f"## {VERSION}, 2027-01-31\n", ""),
        "CHANGELOG.md begins with '0.1.0, 2026-12-01' instead of",
    ),
    "no release of the collection": (drop_release, f"{CHANGES} has no release 7.8.9"),
    "no section of the collection": (lambda c: c.write(NOTES, "v7.8.90\n=======\n"), f"{NOTES} has no section v7.8.9"),
    "a fragment": (
        lambda c: c.write(f"{COLLECTION}/changelogs/fragments/news.yml", "trivial: []\n"),
        "fragments that no release has: news.yml",
    ),
}


def test_what_is_ready_passes(checkout: Checkout) -> None:
    """Nothing is in the way, and the next command is named."""
    assert checkout.check() == (0, [f"{VERSION} can be tagged: git tag -s v{VERSION}"])


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_one_line(checkout: Checkout, fault: str) -> None:
    """One thing is wrong: one line names it, and the check fails."""
    break_it, line = FAULTS[fault]
    break_it(checkout)
    checkout.commit()
    code, lines = checkout.check()
    assert (code, len(lines)) == (1, 1), lines
    assert lines[0].startswith(f"release-check: {line}")


@pytest.mark.parametrize("name", ["new", VERSIONS])
def test_what_is_not_committed(checkout: Checkout, name: str) -> None:
    """A changed file and one that git does not know count alike."""
    with (checkout.path / name).open("a", encoding="utf-8") as file:
        file.write("\n")
    assert checkout.check() == (1, [f"release-check: not committed: {name}; commit or remove it"])


def test_a_tag_here(checkout: Checkout) -> None:
    """A tag that is there already is not moved; the workflow, which runs at it, wants just that."""
    assert checkout.check("--tagged", VERSION) == (
        1, [f"release-check: the tag v{VERSION} is missing; check out what it is to name"],
    )  # fmt: skip
    checkout.git("tag", f"v{VERSION}")
    code, lines = checkout.check()
    assert (code, len(lines)) == (1, 1)
    assert lines[0].startswith(f"release-check: the tag v{VERSION} is there already, at ")
    assert checkout.check("--tagged", VERSION) == (0, [f"{VERSION} can be published"])
    checkout.git("commit", "-q", "--allow-empty", "-m", "later")
    assert checkout.check("--tagged", VERSION)[0] == 1


def test_a_tag_at_origin(checkout: Checkout) -> None:
    """A tag that somebody else has pushed counts too, and an origin that does not answer is no empty one."""
    checkout.git("tag", f"v{VERSION}")
    checkout.git("push", "-q", "origin", f"v{VERSION}")
    checkout.git("tag", "-d", f"v{VERSION}")
    code, lines = checkout.check()
    assert (code, len(lines)) == (1, 1)
    assert lines[0].startswith(f"release-check: the tag v{VERSION} is at origin already")
    checkout.git("remote", "set-url", "origin", str(checkout.path / "nowhere"))
    code, lines = checkout.check()
    assert (code, len(lines)) == (1, 1)
    assert lines[0].startswith(f"release-check: origin could not be asked for the tag v{VERSION}: fatal:")


@pytest.mark.parametrize("version", ["v7.8.9", "7.8", "7.08.9", "7.8.9-rc1", "7.8.9\n", ""])
def test_what_is_no_version(checkout: Checkout, version: str) -> None:
    """It is refused before anything is read."""
    code, lines = checkout.check(version)
    assert (code, len(lines)) == (2, 1)
    assert "is no version; name one as 1.2.3" in lines[0]
