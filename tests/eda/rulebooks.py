# SPDX-License-Identifier: Apache-2.0
"""ansible-rulebook as its users start it, where this machine has it."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from lab.places import CHECKOUT, build_environment, short_folder
from lab.processes import Background, running

_FOLDER = CHECKOUT / "build/rulebook"
# What scripts/environments.sh writes last.
MARK = ".project"
# The Java machine takes seconds, and many on a machine that has much else to do.
_PATIENCE_S = 60.0
_OLDEST_JAVA = 17


def find_missing() -> str:
    """Return why ansible-rulebook cannot run here, "" where it can."""
    if not (_FOLDER / MARK).exists():
        return "there is no ansible-rulebook here: make test-rulebook sets it up"
    java = shutil.which("java")
    if java is None:
        return "ansible-rulebook needs Java, which is not here"
    told = subprocess.run([java, "-version"], capture_output=True, text=True, check=False, timeout=60).stderr
    found = re.search(r'version "(\d+)', told)
    if not found or int(found[1]) < _OLDEST_JAVA:
        return f"ansible-rulebook needs Java {_OLDEST_JAVA}, and here is: {told.strip()[:100]}"
    return ""


class Plays:
    """The plays of a running ansible-rulebook, as its output tells them."""

    def __init__(self, program: Background) -> None:
        self._program = program

    def count(self) -> tuple[int, int]:
        """Return how many plays have ended well, and how many have failed.

        The output of one that failed is printed twice, the second time as an error.
        """
        log = self._program.read_log()
        failed = len(re.findall(r"run_playbook - ERROR.*?PLAY RECAP", log, re.DOTALL))
        return log.count("PLAY RECAP") - 2 * failed, failed

    @contextlib.contextmanager
    def expecting(self, *, good: int = 0, failed: int = 0) -> Iterator[None]:
        """Wait, after the block, until so many plays more have ended than before it."""
        before = self.count()
        yield
        wanted = (before[0] + good, before[1] + failed)
        self._program.wait_until(lambda: self.count() == wanted, timeout_s=_PATIENCE_S)


@contextlib.contextmanager
def running_rulebook(rulebook: str, folder: Path, *, endpoint: str) -> Iterator[Background]:
    """Run a rulebook, of this collection or in the folder, with its inventory.yml, beside an emulated VM.

    Ansible finds its own Python's programs alone, and no setting of the one who runs the tests. What it writes lies
    elsewhere: it copies the folder for each play.
    """
    with short_folder() as home:
        env = build_environment(home)
        env["PATH"] = os.pathsep.join([str(_FOLDER / "bin"), env["PATH"]])
        env["ANSIBLE_COLLECTIONS_PATH"] = str(CHECKOUT / "collections")
        env["AZURE_IMDS_ENDPOINT"] = endpoint
        command = ["env", "-C", str(folder), "ansible-rulebook", "-r", rulebook, "-i", "inventory.yml"]
        with running(command, env=env, log=home / "log") as program:
            yield program
