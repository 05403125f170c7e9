#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Build the .deb and the .rpm from packages/manifest.toml; with --lint have lintian and rpmlint judge them.

The same commit makes the same bytes in any folder, with one version of dpkg-deb and rpmbuild.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from linux_packages.deb import build_deb
from linux_packages.release import ReleaseError, read_release
from linux_packages.rpm import build_rpm
from staging import ROOT

BUILDERS = {"deb": build_deb, "rpm": build_rpm}
# What builds, and what judges; scripts/package-tools.sh knows which of Debian's packages has each.
TOOLS = {"deb": "dpkg-deb", "rpm": "rpmbuild"}
LINTERS = {
    "deb": ("lintian", "--allow-root", "--fail-on", "error,warning", "--tag-display-limit", "0"),
    "rpm": ("rpmlint", "--strict", "--config", str(ROOT / "packages/rpm/rpmlint.toml")),
}


def main() -> int:
    """Build what was asked for, print each path, and return 1 where a linter has anything to say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=ROOT / "dist")
    parser.add_argument("--only", choices=BUILDERS, help="build this package alone")
    parser.add_argument("--release", type=int, default=1, help="the number of the packaging of this version (1)")
    parser.add_argument("--lint", action="store_true", help="have the packages judged")
    given = parser.parse_args()
    kinds = [given.only] if given.only else list(BUILDERS)
    needed = [TOOLS[kind] for kind in kinds] + [LINTERS[kind][0] for kind in kinds if given.lint]
    missing = [tool for tool in needed if shutil.which(tool) is None]
    if missing:
        installs = "scripts/package-tools.sh installs them, as root on Debian or Ubuntu."
        print(f"make packages: missing: {', '.join(missing)}. {installs}", file=sys.stderr)
        return 2
    given.folder.mkdir(parents=True, exist_ok=True)
    try:
        release = read_release(given.release)
        built = {kind: BUILDERS[kind](release, given.folder) for kind in kinds}
    except ReleaseError as error:
        print(f"make packages: {error}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"make packages: {error}\n{error.output or ''}", file=sys.stderr)
        return 1
    for path in built.values():
        print(path)
    return max([_judge(kind, path) for kind, path in built.items()]) if given.lint else 0


def _judge(kind: str, path: Path) -> int:
    """Print what a linter says, and return 1 where that is anything bad."""
    done = subprocess.run([*LINTERS[kind], str(path)], check=False)
    print(f"{LINTERS[kind][0]}: {'clean' if done.returncode == 0 else 'see above'}", flush=True)
    return int(done.returncode != 0)


if __name__ == "__main__":
    sys.exit(main())
