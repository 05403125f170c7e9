# SPDX-License-Identifier: Apache-2.0
"""What systemd does for a socket with `Accept=yes` and `MaxConnections=`: a service for each connection, which is its input."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.watchers import environment

# As `spell_change` makes it.
SPELLED: dict[str, Any] = {
    "change": "scheduled",
    "reminder": False,
    "event_id": "602D9444-D2CD-49C7-8624-8643E7171297",
    "event_type": "Reboot",
    "event_status": "Scheduled",
    "resource_type": "VirtualMachine",
    "resources": ["web-01", "web-02"],
    "not_before": "2026-11-22T21:56:00Z",
    "seconds_left": 900,
    "description": "Host server is undergoing maintenance.",
    "event_source": "Platform",
    "duration_in_seconds": None,
    "concerns_others": True,
}


class Acceptor:
    """Listens at `path`, and runs `azure-imds-facts events --take-over` for each connection; records in `folder`."""

    def __init__(self, folder: Path, *flags: str, most: int = 8) -> None:
        self.path = str(folder / "event.sock")
        self.records = folder / "records"
        self.errors = folder / "service-errors"
        self.processes: list[subprocess.Popen[bytes]] = []
        self.refused = 0
        self._words = [sys.executable, "-m", "azure_imds_facts", "events", *flags]
        self._most = most
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self.path)
        self._listener.listen()
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def connect(self) -> socket.socket:
        """Return a connection as the watcher makes one."""
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(60)
        connection.connect(self.path)
        return connection

    def send(self, question: object) -> socket.socket:
        """Hand a change over, or other bytes."""
        connection = self.connect()
        given = question if isinstance(question, bytes) else json.dumps(question, ensure_ascii=False).encode() + b"\n"
        try:
            connection.sendall(given)
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            connection.close()
            raise
        return connection

    def ask(self, question: object) -> int | None:
        """Hand a change over and return the exit code that comes back, None where none does."""
        with self.send(question) as connection, connection.makefile() as answer:
            line = answer.read()
        return json.loads(line)["exit_code"] if line else None

    def close(self) -> None:
        """End it, with what it has started."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)
        for process in self.processes:
            process.terminate()
            process.wait(60)

    def _accept(self) -> None:
        while True:
            try:
                connection, _address = self._listener.accept()
            except OSError:
                return
            with connection:
                if sum(process.poll() is None for process in self.processes) >= self._most:
                    self.refused += 1
                    continue
                with self.errors.open("ab") as errors:
                    self.processes.append(
                        subprocess.Popen(
                            self._words,
                            stdin=connection.fileno(),
                            stdout=errors,
                            stderr=errors,
                            env=environment(RUNTIME_DIRECTORY=str(self.records)),
                        )
                    )


@contextmanager
def accept(folder: Path, command: str, *flags: str, most: int = 8) -> Iterator[Acceptor]:
    """Take changes over with a command, until the end."""
    acceptor = Acceptor(folder, "--take-over", command, *flags, most=most)
    try:
        yield acceptor
    finally:
        acceptor.close()
