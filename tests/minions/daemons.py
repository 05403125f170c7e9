# SPDX-License-Identifier: Apache-2.0
"""A real master and real minions, each on an emulated VM of its own, that a test can start, end and start again."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from pathlib import Path
from typing import Any

from azure_imds_facts.emulator import Emulator
from lab.processes import Background
from lab.salted import write_minion_config

from tests.e2e.shell import Shell
from tests.minions.prompt import Prompt
from tests.support.stopwatch import Stopwatch

START_S = 90.0
_READY = "is ready to receive requests"


class Minion:
    """One minion. `bin_dir`: where its programs are, where that is not beside this Python; `prefix`: what runs them.

    A setting that is None is not configured.
    """

    def __init__(
        self,
        folder: Path,
        imds: Emulator,
        *,
        ports: tuple[int, int],
        bin_dir: Path | None = None,
        prefix: tuple[str, ...] = (),
        env: dict[str, str] | None = None,
        settings: dict[str, Any] | None = None,
        options: dict[str, Any] | None = None,
    ) -> None:
        folder.mkdir()
        self.name = folder.name
        self.imds = imds
        self.cache_dir = folder / "imds-cache"
        known = {"endpoint": imds.url, "cache_dir": str(self.cache_dir), "cache_ttl": 3600, **(settings or {})}
        self.settings = {name: value for name, value in known.items() if value is not None}
        self.shell = Shell(folder)
        self.shell.env.update(env or {})
        if bin_dir:
            self.shell.env["PATH"] = f"{bin_dir}:{self.shell.env['PATH']}"
        write_minion_config(folder, minion_id=self.name, master_ports=ports, azure_imds=self.settings)
        (folder / "minion.d").mkdir()
        (folder / "minion.d/more.conf").write_text(json.dumps({"autoload_dynamic_modules": False, **(options or {})}))
        self._folder = folder
        self._prefix = prefix
        self._process: Background | None = None

    @property
    def root(self) -> Path:
        """Its root_dir."""
        return self._folder / self.name

    @property
    def log(self) -> str:
        """What it has logged since it was started, level debug included."""
        path = self.root / "minion.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def begin(self) -> None:
        """Start it, and wait for nothing."""
        # The number of a process that was killed may not be free yet, and Salt takes it for a minion that runs.
        for left in [self.root / "minion.log", *self._folder.rglob("*.pid")]:
            left.unlink(missing_ok=True)
        command = [*self._prefix, "salt-minion", "-c", str(self._folder), "-l", "warning"]
        self._process = Background(command, env=self.shell.env, log=self._folder / "salt-minion.out")

    def wait(self) -> None:
        """Wait until it hears its master."""
        assert self._process, "not begun"
        self._process.wait_until(lambda: _READY in self.log, timeout_s=START_S)

    def start(self) -> float:
        """Start it, wait until it hears its master, and return the seconds that this took."""
        watch = Stopwatch()
        self.begin()
        self.wait()
        return watch.seconds

    def end(self) -> None:
        """End it, if it runs, as a lost machine ends: asked to, a minion takes seconds."""
        if self._process:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process._process.pid, signal.SIGKILL)
            self._process.end()
        self._process = None

    def call(self, *arguments: str) -> Any:
        """Run salt-call without the master on this minion's configuration and return what it gave."""
        words = ("salt-call", "--local", "-c", str(self._folder), "--out=json", "-l", "error", *arguments)
        printed = self.shell.run_ok(*self._prefix, *words)
        return json.loads(printed)["local"]


class Master:
    """The `salt` and `salt-run` of a master that runs."""

    def __init__(self, folder: Path, shell: Shell) -> None:
        self.folder = folder
        self.salt_tree = folder / "srv/salt"
        self.pillar_tree = folder / "srv/pillar"
        self.shell = shell
        self.prompt = Prompt(shell.env)

    def configure(self) -> None:
        """Name the trees that it serves, beside what is configured already."""
        for tree in (self.salt_tree, self.pillar_tree):
            tree.mkdir(parents=True)
        (self.folder / "master.d").mkdir()
        roots = {"file_roots": {"base": [str(self.salt_tree)]}, "pillar_roots": {"base": [str(self.pillar_tree)]}}
        # Else the master serves for a while what it listed before.
        (self.folder / "master.d/roots.conf").write_text(json.dumps({**roots, "fileserver_list_cache_time": 0}))

    def salt(self, *arguments: str) -> dict[str, Any]:
        """Run `salt` and return minion → answer, {} where no minion matched."""
        # Not --static, for one document: with it Salt 3008.3 forgets --delimiter.
        _code, output, errors = self.prompt.run("salt", "-c", str(self.folder), "--out=json", "-t", "30", *arguments)
        assert output.startswith("{") or "No minions matched" in output + errors, output + errors
        answers: dict[str, Any] = {}
        rest = output[output.index("{") :] if "{" in output else ""
        while rest:
            document, end = json.JSONDecoder().raw_decode(rest)
            answers.update(document)
            rest = rest[end:].lstrip()
        return answers

    def salt_run(self, *arguments: str) -> Any:
        """Run `salt-run` and return what it gave."""
        code, output, errors = self.prompt.run("salt-run", "-c", str(self.folder), "--out=json", *arguments)
        assert code == 0, output + errors
        return json.loads(output)

    def forget(self, minion: str) -> None:
        """Delete a minion's key and what is known of it: the master would wait for it whenever it may match."""
        self.prompt.run("salt-key", "-c", str(self.folder), "-y", "-d", minion)

    def wait_for(self, expected: object, *arguments: str, timeout_s: float = 120.0) -> None:
        """Run `salt` until it answers so: what refreshes grains returns before it is done.

        Briefly each time: a minion that does not yet have the grains that its master has of it does not answer at all.
        """
        deadline = time.monotonic() + timeout_s
        while (answers := self.salt("-t", "5", *arguments)) != expected:
            assert time.monotonic() < deadline, f"{arguments} gave {answers}, not {expected}"
