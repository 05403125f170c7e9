#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Check that a version can be released from the checkout of the current folder, before its tag or (--tagged) at it.

Prints a line for each thing that stands in the way, and ends with 1 where there is any.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

COLLECTION = Path("collections/ansible_collections/azure_imds/facts")
VERSIONS = COLLECTION / "plugins/module_utils/imds/versions.py"
GALAXY = COLLECTION / "galaxy.yml"
CHANGES = COLLECTION / "changelogs/changelog.yaml"
NOTES = COLLECTION / "CHANGELOG.rst"


def main() -> int:
    """Print what is in the way, or that nothing is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("version", help="as 1.2.3, without a v")
    parser.add_argument(
        "--tagged", action="store_true", help="the tag has to be there, at the commit that is checked out"
    )
    given = parser.parse_args()
    version: str = given.version
    if not re.fullmatch(r"(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}", version):
        print(
            f"release-check: {version!r} is no version; name one as 1.2.3: make release-check VERSION=1.2.3",
            file=sys.stderr,
        )
        return 2
    root = Path(run_git("rev-parse", "--show-toplevel"))
    found = [
        *check_versions(root, version),
        *check_changelog(root, version),
        *check_collection(root, version),
        *check_tag(version, tagged=given.tagged),
        *check_tree(),
    ]
    for line in found:
        print(f"release-check: {line}", file=sys.stderr)
    if not found:
        print(f"{version} can be {'published' if given.tagged else f'tagged: git tag -s v{version}'}")
    return int(bool(found))


def check_versions(root: Path, version: str) -> Iterator[str]:
    """Compare the version with both places that have it."""
    for path, pattern in ((VERSIONS, r'(?m)^VERSION = "(.+)"$'), (GALAXY, r"(?m)^version: (\S+)$")):
        named = re.findall(pattern, (root / path).read_text(encoding="utf-8"))
        if named != [version]:
            yield f"{path} says {' and '.join(named) or 'nothing'} instead of {version}; change it there"


def check_changelog(root: Path, version: str) -> Iterator[str]:
    """Look for the newest entry, with its date."""
    headings = re.findall(r"(?m)^## (.+)$", (root / "CHANGELOG.md").read_text(encoding="utf-8"))
    newest = headings[0] if headings else "nothing"
    if not re.fullmatch(rf"{re.escape(version)}, \d{{4}}-\d\d-\d\d", newest):
        yield f"CHANGELOG.md begins with {newest!r} instead of '{version}, YYYY-MM-DD'; name version and date there"


def check_collection(root: Path, version: str) -> Iterator[str]:
    """Look for the release in the collection's changelogs, and for fragments that are in none."""
    releases = yaml.safe_load((root / CHANGES).read_text(encoding="utf-8"))["releases"]
    again = "RELEASING.md has the command that folds the fragments"
    if version not in releases:
        yield f"{CHANGES} has no release {version}; {again}"
    if not re.search(rf"(?m)^v{re.escape(version)}$", (root / NOTES).read_text(encoding="utf-8")):
        yield f"{NOTES} has no section v{version}; {again}"
    folded = {name for release in releases.values() for name in release.get("fragments", ())}
    left = sorted(path.name for path in (root / CHANGES.parent / "fragments").glob("*.y*ml") if path.name not in folded)
    if left:
        yield f"fragments that no release has: {', '.join(left)}; {again}"


def check_tag(version: str, *, tagged: bool) -> Iterator[str]:
    """Look for the tag, here and at the remote that the checkout came from."""
    tag = f"refs/tags/v{version}"
    there = run_git("rev-parse", "--verify", "--quiet", f"{tag}^{{commit}}")
    if tagged:
        if there != run_git("rev-parse", "HEAD"):
            yield f"the tag v{version} is {'at ' + there[:12] if there else 'missing'}; check out what it is to name"
        return
    again = "a released version stays as it is: take the next one"
    if there:
        yield f"the tag v{version} is there already, at {there[:12]}; {again}"
    elif "origin" in run_git("remote").split():
        asked = subprocess.run(
            ["git", "ls-remote", "--tags", "origin", tag], capture_output=True, text=True, check=False
        )
        if asked.returncode != 0:
            yield f"origin could not be asked for the tag v{version}: {asked.stderr.strip().splitlines()[0]}"
        elif asked.stdout:
            yield f"the tag v{version} is at origin already; {again}"


def check_tree() -> Iterator[str]:
    """Look for what is not committed."""
    changed = run_git("status", "--porcelain").splitlines()
    if changed:
        names = ", ".join(line.split(maxsplit=1)[1] for line in changed[:3])
        more = f" and {len(changed) - 3} more" if len(changed) > 3 else ""
        yield f"not committed: {names}{more}; commit or remove it"


def run_git(*words: str) -> str:
    """Return what git prints, nothing where it refuses."""
    done = subprocess.run(["git", *words], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


if __name__ == "__main__":
    sys.exit(main())
