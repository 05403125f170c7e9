#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compile the locks of requirements/ by uv, and say what has changed: a line for each package.

A lock keeps its versions for as long as they fit, so a second run changes nothing. `--upgrade` takes the newest of all
packages, `--package NAME` of one. PyPI is asked, whatever index this machine is set up for.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from locks import LOCKS, ROOT, Lock, choose_forms, read_pins

if TYPE_CHECKING:
    from collections.abc import Iterator

INDEX = "https://pypi.org/simple"
# The cloud-config carries these lines: those of cloud-init.txt, with the hashes of the wheels for any machine alone.
SHIPPED = ROOT / "facts/azure_imds_facts/boot/requirements.txt"


def main() -> int:
    """Compile all locks, or those that are named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="LOCK", help="those to compile (default: all)")
    parser.add_argument("--upgrade", action="store_true", help="take the newest of all packages")
    parser.add_argument("--package", action="append", default=[], metavar="NAME", help="take the newest of this one")
    given = parser.parse_args()
    unknown = sorted(set(given.names) - {lock.name for lock in LOCKS})
    if unknown:
        parser.error(f"no lock {', '.join(unknown)}; there are {', '.join(lock.name for lock in LOCKS)}")
    moves = ["--upgrade"] if given.upgrade else [f"--upgrade-package={name}" for name in given.package]
    has_changed = False
    for lock in LOCKS:
        if given.names and lock.name not in given.names:
            continue
        for line in compile_lock(lock, moves):
            print(f"make lock: {line}", flush=True)
            has_changed = True
    if not has_changed:
        print("make lock: nothing has changed")
    return 0


def compile_lock(lock: Lock, moves: list[str]) -> Iterator[str]:
    """Compile one lock, and return what has changed, a line each."""
    before = describe(lock.path)
    sources = [f"requirements/{lock.name}.in"]
    if lock.extra:
        sources += ["pyproject.toml", f"--extra={lock.extra}"]
    run_uv(
        "pip", "compile", "--quiet", "--universal", f"--python-version={lock.pythons[0]}", "--generate-hashes",
        "--custom-compile-command=make lock", f"--output-file=requirements/{lock.name}.txt", *choose_forms(),
        *moves, *sources,
    )  # fmt: skip
    after = describe(lock.path)
    for name in sorted({*before, *after}):
        if before.get(name) != after.get(name):
            versions = [
                " and ".join(sorted({version for version, _ in each.get(name, ())})) for each in (before, after)
            ]
            yield f"{lock.name}: {name} {versions[0] or 'none'} → {versions[1] or 'none'}{_explain(versions)}"
    if lock.name == "cloud-init":
        yield from ship(lock)


def _explain(versions: list[str]) -> str:
    return "" if versions[0] != versions[1] else " (other files or conditions)"


def describe(path: Path) -> dict[str, set[tuple[str, str]]]:
    """Return what a lock says of each package: versions, and the rest as one text."""
    found: dict[str, set[tuple[str, str]]] = {}
    for pin in read_pins(path) if path.exists() else ():
        found.setdefault(pin.name, set()).add((pin.version, f"{pin.marker} {sorted(pin.hashes)}"))
    return found


def run_uv(*words: str) -> None:
    """Run uv from the root, free of this machine's settings."""
    command = [str(Path(sys.executable).parent / "uv"), *words, "--no-config", f"--default-index={INDEX}"]
    done = subprocess.run(command, cwd=ROOT, env=build_environment(), check=False, stdout=subprocess.DEVNULL)
    if done.returncode != 0:
        sys.exit(f"make lock: uv could not compile {words[-1]}; nothing after it was compiled")


def build_environment() -> dict[str, str]:
    """Return an environment in which neither uv nor pip knows of another index or folder of packages."""
    dropped = ("UV_INDEX", "UV_EXTRA", "UV_DEFAULT", "UV_FIND", "PIP_INDEX", "PIP_EXTRA", "PIP_FIND", "PIP_CONFIG")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    return {"UV_CACHE_DIR": str(ROOT / "build/uv-cache"), **kept, "PIP_CONFIG_FILE": os.devnull}


def ship(lock: Lock) -> Iterator[str]:
    """Write the lines that the cloud-config carries; they have to be few, for custom data is small."""
    lines = ["# Made by `make lock`. Wheels for any machine, each with its sha256."]
    pins = read_pins(lock.path)
    with tempfile.TemporaryDirectory() as folder:
        for pin in pins:
            wheel = fetch_wheel(f"{pin.name}=={pin.version}", Path(folder) / f"{pin.name}-{pin.version}")
            digest = f"sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}"
            if digest not in pin.hashes:
                sys.exit(f"make lock: {wheel.name} is not a file of requirements/{lock.name}.txt")
            lines.append(f"{pin.name}=={pin.version}{f' ; {pin.marker}' if pin.marker else ''} --hash={digest}")
    text = "\n".join([*lines, ""])
    if not SHIPPED.exists() or SHIPPED.read_text(encoding="utf-8") != text:
        SHIPPED.write_text(text, encoding="utf-8")
        yield f"{SHIPPED.relative_to(ROOT)} was written anew"


def fetch_wheel(requirement: str, folder: Path) -> Path:
    """Return the wheel of a package that is for any machine and any Python 3."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "download", "--no-deps"]
    where = ["--index-url", INDEX, "--only-binary=:all:", "--platform=any", "--abi=none", "--implementation=py"]
    subprocess.run(
        [*command, *where, "--python-version=3.13", "--dest", str(folder), requirement],
        check=True,
        env=build_environment(),
    )
    (wheel,) = folder.glob("*-none-any.whl")
    return wheel


if __name__ == "__main__":
    sys.exit(main())
