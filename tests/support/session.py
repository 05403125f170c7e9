# SPDX-License-Identifier: Apache-2.0
"""A shell session in namespaces of its own: it has no network but loopback, and what it starts ends with it."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType

BIN = Path(sys.executable).parent
# For what takes seconds on an idle machine.
DEADLINE_S = 180.0
_LEAVE_S = 10.0
_POLL_S = 0.05
# /run is empty, for a root's cache is there.
_SETUP = "ip link set lo up && mount -t tmpfs tmpfs /run"
_NAMESPACES = ("--net", "--pid", "--fork", "--kill-child", "--mount-proc")


def _unshare(script: str) -> list[str]:
    user = () if os.geteuid() == 0 else ("--user", "--map-root-user")
    return ["unshare", *user, *_NAMESPACES, "sh", "-c", f"{_SETUP} && {script}"]


@functools.cache
def find_obstacle() -> str:
    """Return why there can be no session on this machine, `""` where there can."""
    try:
        done = subprocess.run(_unshare("true"), capture_output=True, text=True, check=False, timeout=60)
    except FileNotFoundError as error:
        return f"there is no {error.filename}"
    return "" if done.returncode == 0 else f"no namespaces: {done.stderr.strip() or done.returncode}"


class Session:
    """bash in the empty folder `work` below `root`, which has the programs beside this Python on its PATH.

    Standard output and error of all that runs there are one text, as in a terminal: what a job in the background
    prints belongs to the commands that were typed last.
    """

    def __init__(self, root: Path) -> None:
        self._work = root / "work"
        self._root = root
        self._log = root / "output"
        self._typed = 0
        self._begin = 0

    def __enter__(self) -> Session:
        places = {"HOME": self._root / "home", "TMPDIR": self._root / "tmp"}
        for folder in (self._work, *places.values()):
            folder.mkdir()
        with self._log.open("ab") as log:
            self._shell = subprocess.Popen(
                _unshare("exec bash --noprofile --norc"),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd=self._work,
                env={
                    **{name: str(place) for name, place in places.items()},
                    "PATH": f"{BIN}:{os.environ['PATH']}",
                    "LANG": "C.UTF-8",
                },
            )
        self._say("set -m; trap '_failed=$?' ERR")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._shell.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._shell.stdin.close()
        try:
            # The kernel ends a PID namespace before its first process, this shell.
            self._shell.wait(_LEAVE_S)
        except subprocess.TimeoutExpired:
            self._shell.kill()
            self._shell.wait()

    def save(self, name: str, text: str) -> None:
        """Save a file in the working folder."""
        place = self._work / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")

    def run(self, commands: str) -> int:
        """Type these commands, and return the last exit code that was not 0. Raises TimeoutError."""
        self._typed += 1
        script, code = (self._root / f"{self._typed}.{ending}" for ending in ("sh", "code"))
        script.write_text(commands, encoding="utf-8")
        self._begin = self._log.stat().st_size
        quoted = shlex.quote(str(code))
        self._say(f"_failed=0; source {shlex.quote(str(script))} </dev/null; echo $_failed >{quoted}.new")
        self._say(f"mv {quoted}.new {quoted}")
        deadline = time.monotonic() + DEADLINE_S
        while not code.exists():
            if self._shell.poll() is not None:
                raise TimeoutError("the shell has ended")
            if time.monotonic() > deadline:
                raise TimeoutError(f"it did not end within {DEADLINE_S:.0f} seconds")
            time.sleep(_POLL_S)
        return int(code.read_text(encoding="utf-8"))

    def read(self) -> list[str]:
        """Return the lines that were printed since the last commands were typed."""
        with self._log.open("rb") as log:
            log.seek(self._begin)
            return [line.rstrip() for line in log.read().decode(errors="replace").splitlines()]

    def wait_for(self, *expected: str) -> str | None:
        """Wait until these lines were printed, in this order; return the first that was not, `None` if all were."""
        deadline = time.monotonic() + DEADLINE_S
        while True:
            missing = _find_missing(expected, self.read())
            if missing is None or time.monotonic() > deadline:
                return missing
            time.sleep(_POLL_S)

    def _say(self, line: str) -> None:
        assert self._shell.stdin is not None
        self._shell.stdin.write(f"{line}\n".encode())
        self._shell.stdin.flush()


def _find_missing(expected: tuple[str, ...], lines: list[str]) -> str | None:
    """Return the first expected line that does not come after those before it."""
    left = iter(lines)
    for wanted in expected:
        pattern = re.compile(".*".join(map(re.escape, wanted.rstrip().split("…"))))
        if wanted.strip() not in {"", "…"} and not any(pattern.fullmatch(line) for line in left):
            return wanted
    return None
