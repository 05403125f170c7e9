#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Download every lock by its hashes, on each Python that it is for.

Resolved anew by pip, so that a package that a lock lacks, or two versions that do not go together, are found too. A
Python that this machine lacks is told. With --short each lock is downloaded on one Python.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from typing import TYPE_CHECKING

from locks import LOCKS, ROOT, Lock, choose_forms

if TYPE_CHECKING:
    from pathlib import Path


def main() -> int:
    """Print a line for each pair, and end with 1 where any has failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="each lock on one Python alone")
    parser.add_argument("names", nargs="*", metavar="LOCK", help="those to download (default: all)")
    given = parser.parse_args()
    failed = False
    for lock in LOCKS:
        if given.names and lock.name not in given.names:
            continue
        for version in lock.pythons[-1:] if given.short else lock.pythons:
            failed = not download(lock, version) or failed
    return int(failed)


def download(lock: Lock, version: str) -> bool:
    """Download a lock on a Python; return whether that worked or could not be tried."""
    started = time.monotonic()
    python = find_environment(version)
    if python is None:
        print(f"{lock.name} on Python {version}: left out, this machine lacks it", flush=True)
        return True
    with tempfile.TemporaryDirectory() as folder:
        words = [str(python), "-m", "pip", "--disable-pip-version-check", "--quiet", "download", "--require-hashes"]
        done = subprocess.run(
            [*words, *choose_forms(), "--no-build-isolation", "--dest", folder, "--requirement", str(lock.path)],
            capture_output=True,
            text=True,
            check=False,
        )
        files = sorted(os.listdir(folder))
    how = f"{len(files)} files" if done.returncode == 0 else "FAILED"
    print(f"{lock.name} on Python {version}: {how}, {time.monotonic() - started:.0f} s", flush=True)
    if done.returncode != 0:
        print(done.stdout + done.stderr)
    return done.returncode == 0


def find_environment(version: str) -> Path | None:
    """Return the interpreter of an environment that builds source packages: pip asks these what they need."""
    made = ROOT / "build/locks" / version
    command = f"source scripts/environments.sh && python=$(find_python {version}) || exit 3; set_up {made} $python " + (
        "build" if version != "3.9" else ""
    )
    done = subprocess.run(["bash", "-euc", command], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode not in {0, 3}:
        sys.exit(f"make test-locks: the environment with Python {version}: {done.stderr}")
    return made / "bin/python" if done.returncode == 0 else None


if __name__ == "__main__":
    sys.exit(main())
