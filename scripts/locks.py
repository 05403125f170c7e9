# SPDX-License-Identifier: Apache-2.0
"""The locks of requirements/: for which Pythons each holds, what it is compiled from, and how its lines are read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

__all__ = ["FOLDER", "LOCKS", "ROOT", "Lock", "Pin", "choose_forms", "read_pins"]

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "requirements"


@dataclass(frozen=True)
class Lock:
    """A lock: its name, the Pythons that it is for, and the extra of pyproject.toml that it takes besides NAME.in."""

    name: str
    pythons: tuple[str, ...]
    extra: str = ""

    @property
    def path(self) -> Path:
        """The compiled file."""
        return FOLDER / f"{self.name}.txt"


@dataclass(frozen=True)
class Pin:
    """A package of a lock. `marker` says where it is wanted, and is empty where that is everywhere."""

    name: str
    version: str
    marker: str
    hashes: frozenset[str]


# In the order in which they are compiled: a later one may be constrained by an earlier one.
LOCKS = (
    Lock("lock", ("3.11", "3.12", "3.13")),
    Lock("emulator", ("3.9", "3.10", "3.11", "3.12", "3.13")),
    Lock("cloud-init", ("3.9", "3.10", "3.11", "3.12", "3.13")),
    Lock("runtime", ("3.11", "3.12", "3.13"), extra="test"),
    Lock("build", ("3.10", "3.11", "3.12", "3.13")),
    Lock("lint", ("3.11", "3.12", "3.13")),
    Lock("site", ("3.11", "3.12", "3.13")),
    Lock("dist", ("3.11", "3.12", "3.13")),
    Lock("galaxy", ("3.11", "3.12", "3.13")),
    Lock("fuzz", ("3.11", "3.12", "3.13")),
    Lock("rulebook", ("3.12", "3.13")),
    Lock("ansible-2.18", ("3.11",)),
    Lock("ansible-2.19", ("3.13",)),
    Lock("ansible-2.21", ("3.12", "3.13")),
    Lock("salt-3006", ("3.11",)),
    Lock("salt-3008", ("3.10", "3.11", "3.12", "3.13")),
)

_SOURCE_ONLY = re.compile(r"(?m)^    \[([\w-]+)\]=")
_PIN = re.compile(r"(?m)^([A-Za-z0-9._-]+)==([^\s;\\]+)(?: ; ([^\\\n]+?))? *\\?\n((?:    --hash=\S+(?: \\)?\n)*)")


def choose_forms() -> list[str]:
    """Return the options of pip and uv that let wheels alone in, but for the packages that scripts/locked.sh names."""
    names = _SOURCE_ONLY.findall((ROOT / "scripts/locked.sh").read_text(encoding="utf-8"))
    return ["--only-binary=:all:", *(f"--no-binary={name}" for name in names)]


def read_pins(path: Path) -> list[Pin]:
    """Return the packages of a lock, one more than once where Pythons have different versions of it."""
    text = path.read_text(encoding="utf-8")
    return [
        Pin(name, version, marker.strip(), frozenset(re.findall(r"--hash=(\S+)", hashes)))
        for name, version, marker, hashes in _PIN.findall(text)
    ]
