# SPDX-License-Identifier: Apache-2.0
"""A drive C: with Windows CPython, whose programs run under Wine.

Their standard streams have to be pipes: Wine gives Python no handle for a file or /dev/null.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("facts", "collections/ansible_collections/azure_imds/facts/plugins", "tests", "scripts", "pyproject.toml")
# Where the sources are, for Windows.
PLACE = "C:\\src"
# A thread of Wine that loses its server while the process ends says so on the program's stderr, now and then.
_WINE_SAYS = re.compile(r"wine client error:[0-9a-f]+: ")
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "WINEPREFIX", "WINEDEBUG", "WINEDLLOVERRIDES", "TMPDIR")


class Drive:
    """A prefix of Wine that scripts/test-windows.sh has made, with these sources on it, which `is_laid` are there."""

    def __init__(self, prefix: Path, *, is_laid: bool = False) -> None:
        self.path = prefix / "drive_c"
        if not is_laid:
            self._lay_sources()

    def build_environment(self, **variables: str) -> dict[str, str]:
        """Return the environment of a program, without this developer's settings."""
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        return {**kept, "PYTHONUTF8": "1", **variables}

    def spell(self, *words: str, python: str = "311") -> list[str]:
        """Return the words that run a Python of Windows."""
        return ["wine", f"C:\\py{python}\\python.exe", *words]

    def run(
        self, *words: str, python: str = "311", timeout_s: float = 120.0, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a Python of Windows to its end; what Wine itself says in between is no output of the program."""
        done = subprocess.run(
            self.spell(*words, python=python),
            env=self.build_environment(**variables),
            cwd=self.path / "src",
            input="",
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=timeout_s,
            check=False,
        )
        done.stderr = "".join(line for line in done.stderr.splitlines(keepends=True) if not _WINE_SAYS.match(line))
        return done

    def open(self, *words: str, python: str = "311", **variables: str) -> subprocess.Popen[str]:
        """Start a Python of Windows."""
        return subprocess.Popen(
            self.spell(*words, python=python),
            env=self.build_environment(**variables),
            cwd=self.path / "src",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
        )

    def make_folder(self, name: str) -> Path:
        """Return an empty folder in the root of C:."""
        folder = self.path / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        return folder

    def _lay_sources(self) -> None:
        target = self.path / "src"
        shutil.rmtree(target, ignore_errors=True)
        for name in SOURCES:
            source = ROOT / name
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            if source.is_file():
                shutil.copyfile(source, target / name)
            else:
                shutil.copytree(source, target / name, ignore=shutil.ignore_patterns("__pycache__"))


def end_server() -> None:
    """End the prefix's wineserver, which makes the sockets of all its programs in its own network namespace."""
    subprocess.run(["wineserver", "-k"], check=False, capture_output=True)
    subprocess.run(["wineserver", "-w"], check=False, capture_output=True)
