#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Rehearse a release: tag a scratch clone, and run every step of release.yml that needs no forge, in the jobs' order.

What is committed is cloned; version, date and changelogs are set as RELEASING.md tells, and the commit is tagged. Each
job gets a checkout of that tag. Artefacts go from job to job through a folder. The steps of a job that needs a Python
which this machine lacks are told and left out, as are those that write to the forge, PyPI and Galaxy. With --short
the artefacts are tested on one Python.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
COLLECTION = "collections/ansible_collections/azure_imds/facts"
VERSION = "97.98.99"
# These write to somebody else's machine.
OUTSIDE = {"Publish the collection": "Galaxy", "Make the release": "the forge"}
OUTSIDE_ACTIONS = {"actions/attest-build-provenance": "the forge", "pypa/gh-action-pypi-publish": "PyPI"}
# What these do is done here by copying, or is there already.
ACTIONS = ("actions/checkout", "actions/setup-python", "actions/upload-artifact", "actions/download-artifact")
Job = dict[str, Any]


def main() -> int:
    """Run the steps; end with 1 at the first that fails."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="test the artefacts on one Python alone")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="azure-imds-rehearsal-") as folder:
        rehearsal = Rehearsal(Path(folder))
        rehearsal.tag()
        for name, job in rehearsal.order_jobs():
            for python in list_pythons(job, short=given.short):
                if not rehearsal.run_job(name, job, python):
                    return 1
        rehearsal.report()
    return 0


class Rehearsal:
    """A scratch clone with a tag, and what its jobs hand on."""

    def __init__(self, folder: Path) -> None:
        self.clone = folder / "clone"
        self.artefacts = folder / "artefacts"
        self.temporary = folder / "temporary"
        for each in (self.artefacts, self.temporary):
            each.mkdir()
        cache = os.environ.get("PIP_CACHE_DIR", str(ROOT / "build/pip-cache"))
        names = {
            f"GIT_{who}_{what}": "rehearsal@localhost" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
        }
        self.environment = {
            **os.environ, **names, "RUNNER_TEMP": str(self.temporary), "PIP_CACHE_DIR": cache,
            "GITHUB_REF_NAME": f"v{VERSION}", "GIT_CONFIG_GLOBAL": os.devnull, "CI": "true",
        }  # fmt: skip

    def tag(self) -> None:
        """Clone what is committed, make a release of it as RELEASING.md tells, and tag that."""
        self._run_words("git", "clone", "-q", str(ROOT), str(self.clone), folder=ROOT)
        for name, pattern in (
            (f"{COLLECTION}/plugins/module_utils/imds/versions.py", r'(?m)^VERSION = "()(.+)"$'),
            (f"{COLLECTION}/galaxy.yml", r"(?m)^version: ()(\S+)$"),
        ):
            self._replace(name, pattern, VERSION)
        self._replace("CHANGELOG.md", r"(?m)^## ()(.*)$", f"{VERSION}, 2027-01-31")
        (block,) = re.findall(r"```\n(.*?)```", (self.clone / "RELEASING.md").read_text(encoding="utf-8"), re.DOTALL)
        (self.clone / ".venv-lint").symlink_to(ROOT / ".venv-lint")
        self._run_words("bash", "-ec", block.replace("1.2.3", VERSION), folder=self.clone)
        (self.clone / ".venv-lint").unlink()
        self._run_words("git", "commit", "-qam", f"Release {VERSION}", folder=self.clone)
        self._run_words(sys.executable, "scripts/release-check.py", VERSION, folder=self.clone)
        self._run_words("git", "tag", f"v{VERSION}", folder=self.clone)
        print(f"== a clone of {ROOT.name} is tagged v{VERSION}", flush=True)

    def order_jobs(self) -> Iterator[tuple[str, Job]]:
        """Yield each job of the workflow after those that it needs."""
        text = (self.clone / ".github/workflows/release.yml").read_text(encoding="utf-8")
        waiting: dict[str, Job] = yaml.safe_load(text)["jobs"]
        done: set[str] = set()
        while waiting:
            for name, job in list(waiting.items()):
                needs = job.get("needs", [])
                if set([needs] if isinstance(needs, str) else needs) <= done:
                    yield name, waiting.pop(name)
                    done.add(name)

    def run_job(self, name: str, job: Job, python: str) -> bool:
        """Run the steps of a job in a folder of its own; return whether all that could be run have passed."""
        place = Path(tempfile.mkdtemp(dir=self.temporary, prefix=f"{name}-"))
        try:
            return all(
                self._run_step(f"{name}{f' on {python}' if python else ''}", step, place, python)
                for step in job["steps"]
            )
        finally:
            shutil.rmtree(place, ignore_errors=True)

    def report(self) -> None:
        """Print what a release would have had."""
        listed = self._run_words("sha256sum", "--check", "--strict", "SHA256SUMS", folder=self.artefacts / "dist")
        print(listed, end="")
        notes = (self.artefacts / "notes/notes.md").read_text(encoding="utf-8")
        print(f"notes.md: {len(notes.splitlines())} lines")
        print("== everything that needs no forge has run", flush=True)

    def _run_step(self, job: str, step: dict[str, Any], place: Path, python: str) -> bool:
        action, options = step.get("uses", "").partition("@")[0], step.get("with", {})
        name = step.get("name") or action
        if action == "actions/checkout":
            self._run_words(
                "git", "clone", "-q", "-b", f"v{VERSION}", str(self.clone), str(place / "checkout"), folder=ROOT
            )
            for each in (place / "checkout").iterdir():
                shutil.move(str(each), place / each.name)
        elif action == "actions/upload-artifact":
            shutil.copytree(place / options["path"], self.artefacts / options["name"], dirs_exist_ok=True)
        elif action == "actions/download-artifact":
            shutil.copytree(self.artefacts / options["name"], place / options["path"], dirs_exist_ok=True)
        elif name in OUTSIDE or action in OUTSIDE_ACTIONS:
            target = {**OUTSIDE, **OUTSIDE_ACTIONS}.get(name)
            print(f"== {job}: {name}: left out, it writes to {target}", flush=True)
        elif "run" in step:
            return self._run_script(f"{job}: {name}", step["run"], place, python)
        return True

    def _run_script(self, title: str, script: str, place: Path, python: str) -> bool:
        """Run a step as the forge does: bash with these options, on a file."""
        started = time.monotonic()
        path = self.temporary / "step.sh"
        path.write_text(script, encoding="utf-8")
        environment = dict(self.environment)
        if python:
            environment["PATH"] = f"{make_path(place, python)}:{environment['PATH']}"
        words = ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(path)]
        done = subprocess.run(
            words,
            cwd=place,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        how = "passed" if done.returncode == 0 else f"FAILED ({done.returncode})"
        if done.returncode != 0:
            print(done.stdout, end="")
        print(f"== {title}: {how}, {time.monotonic() - started:.0f} s", flush=True)
        return done.returncode == 0

    def _replace(self, name: str, pattern: str, text: str) -> None:
        path = self.clone / name
        before = path.read_text(encoding="utf-8")
        match = re.search(pattern, before)
        if match is None:
            sys.exit(f"rehearse-release: {name} has no {pattern}")
        path.write_text(before[: match.start(2)] + text + before[match.end(2) :], encoding="utf-8")

    def _run_words(self, *words: str, folder: Path) -> str:
        done = subprocess.run(words, cwd=folder, env=self.environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"rehearse-release: {' '.join(words[:3])}: {done.stdout}{done.stderr}")
        return done.stdout


def list_pythons(job: Job, *, short: bool) -> list[str]:
    """Return the Pythons of a job's matrix that this machine has, or one empty name for a job without a matrix."""
    wanted = job.get("strategy", {}).get("matrix", {}).get("python", [])
    if not wanted:
        return [""]
    found = [version for version in wanted if find_python(version)]
    for version in wanted:
        if version not in found:
            print(f"== artefacts on Python {version}: left out, this machine lacks it", flush=True)
    return found[-1:] if short else found


def find_python(version: str) -> str:
    """Return an interpreter of a version, empty where there is none; a shim of pyenv's is there but does not run."""
    candidates = [f"python{version}", *map(str, Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))]
    for candidate in candidates:
        with_venv = [candidate, "-c", "import sys, venv; print(sys.executable)"]
        try:
            done = subprocess.run(with_venv, capture_output=True, text=True, check=False)
        except OSError:
            continue
        if done.returncode == 0:
            return done.stdout.strip()
    return ""


def make_path(place: Path, version: str) -> Path:
    """Return a folder in which python3 is a version, as setup-python puts it on PATH."""
    folder = place / ".rehearsal-bin"
    if not folder.exists():
        folder.mkdir()
        interpreter = find_python(version)
        (folder / "python3").write_text(f'#!/bin/sh\nexec "{interpreter}" "$@"\n', encoding="utf-8")
        (folder / "python3").chmod(0o755)
    return folder


if __name__ == "__main__":
    sys.exit(main())
