# SPDX-License-Identifier: Apache-2.0
"""Packages on a guest: installed by apt-get, and what differs on the disk between two moments."""

from __future__ import annotations

import sys
from pathlib import Path

from .commands import run
from .conftest import ROOT
from .guest import Guest

NAME = "azure-imds-facts"
# What changes on any machine that is on, or where any package is installed and removed.
_BUSY = ("/var/log", "/var/cache", "/var/lib/apt", "/var/lib/dpkg", "/var/lib/rpm", "/var/tmp", "/tmp", "/opt", "/root")
_BUSY_FILES = {
    # Backups and locks of the user database, and when units were read anew.
    "/etc/passwd-", "/etc/group-", "/etc/shadow-", "/etc/gshadow-", "/etc/.pwd.lock", "/etc/subuid-", "/etc/subgid-",
    "/var/lib/systemd/random-seed", "/etc/resolv.conf",
}  # fmt: skip
_USERS = ("passwd", "group", "shadow", "gshadow")


def build(folder: Path, *flags: str) -> Path:
    """Build a package into a folder, and return its path."""
    done = run(sys.executable, str(ROOT / "scripts/build-packages.py"), str(folder), *flags)
    (path,) = done.stdout.splitlines()
    return Path(path)


def apt(guest: Guest, *words: str) -> str:
    """Run apt-get in a guest that is on, and return what it said. A package is named by its path here."""
    inside = []
    for word in words:
        if word.endswith(".deb"):
            run("install", "-D", "-m", "644", word, str(guest.root / "opt/packages" / Path(word).name))
        inside.append(f"/opt/packages/{Path(word).name}" if word.endswith(".deb") else word)
    done = guest.run("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "--yes", "--quiet", *inside)
    return done.stdout + done.stderr


def list_disk(guest: Guest) -> dict[str, str]:
    """Return every path on the disk of a guest, on or off → its type, mode, owner and group; users → their databases."""
    listed = run("find", str(guest.root), "-xdev", "-printf", "/%P\\t%y %m %U %G %l\\n").stdout
    found = dict(line.split("\t") for line in listed.splitlines())
    kept = {
        path: what
        for path, what in found.items()
        if not path.startswith(tuple(f"{folder}/" for folder in _BUSY)) and path not in _BUSY_FILES
    }
    return {**kept, **{f"users in {name}": (guest.root / "etc" / name).read_text() for name in _USERS}}


def compare(before: dict[str, str], after: dict[str, str]) -> dict[str, tuple[str | None, str | None]]:
    """Return what differs."""
    names = before.keys() | after.keys()
    return {name: (before.get(name), after.get(name)) for name in sorted(names) if before.get(name) != after.get(name)}
