# SPDX-License-Identifier: Apache-2.0
"""Salt's command line, imported once: `salt` spends most of a short call on importing itself.

Run as a program it reads one command a line, a JSON list, and for each forks a process that is what /usr/bin/salt is.
For each it writes one line of JSON: exit code, standard output, standard error.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from subprocess import PIPE, Popen
from typing import IO

TIMEOUT_S = 90


class Prompt:
    """The program below, as long as it is wanted."""

    def __init__(self, env: dict[str, str]) -> None:
        self._program = Popen([sys.executable, __file__], env=env, stdin=PIPE, stdout=PIPE, text=True)

    def run(self, *command: str) -> tuple[int, str, str]:
        """Run `salt`, `salt-run` or `salt-key` and return exit code, standard output and standard error."""
        assert self._program.stdin
        assert self._program.stdout
        self._program.stdin.write(json.dumps(command) + "\n")
        self._program.stdin.flush()
        code, output, errors = json.loads(self._program.stdout.readline())
        return code, output, errors

    def close(self) -> None:
        """End it."""
        self._program.communicate(timeout=TIMEOUT_S)


def _serve() -> None:
    import salt.cli.run  # noqa: PLC0415  this program's own business, not the tests'
    import salt.cli.salt  # noqa: PLC0415
    import salt.scripts  # noqa: PLC0415

    entries = {"salt": salt.scripts.salt_main, "salt-run": salt.scripts.salt_run, "salt-key": salt.scripts.salt_key}
    for line in sys.stdin:
        command = json.loads(line)
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
            child = os.fork()
            if not child:
                _become(command, output, errors, entries[command[0]])
            _pid, status = os.waitpid(child, 0)
            code = os.waitstatus_to_exitcode(status)
            print(json.dumps([code, _content(output), _content(errors)]), flush=True)


def _become(command: list[str], output: IO[bytes], errors: IO[bytes], main: object) -> None:
    """Never return: be that command, for no longer than the tests wait."""
    code: object = 1
    try:
        os.dup2(output.fileno(), 1)
        os.dup2(errors.fileno(), 2)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        import signal  # noqa: PLC0415  the child's alone

        signal.alarm(TIMEOUT_S)
        sys.argv = command
        code = main() or 0  # type: ignore[operator]
    except SystemExit as ended:
        code = ended.code or 0
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 1)


def _content(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")


if __name__ == "__main__":
    _serve()
