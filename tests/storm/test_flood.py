# SPDX-License-Identifier: Apache-2.0
"""Five thousand fresh events in each answer: memory, the state and the processor stay bounded, and a Preempt is told."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.servers import RawServer
from tests.support.watchers import Watcher, wait_for

# A minute shows growth as well as ten; the short form shows it too, for each answer is new.
SECONDS = float(os.environ.get("FLOOD_SECONDS", "20"))
MOST_RSS_KIB = 40 * 1024


class Flood:
    """A server whose events are new in each answer, or none once it is calm."""

    def __init__(self) -> None:
        self.answers = 0
        self.is_calm = False
        self.own = ""

    def handle(self, _server: RawServer, connection: socket.socket) -> None:
        """Answer one request for events."""
        connection.recv(65536)
        self.answers += 1
        listed = [] if self.is_calm else [self._spell(f"{self.answers}-{number}", "Reboot") for number in range(5000)]
        listed += [self._spell(self.own, "Preempt")] if self.own else []
        body = b'{"DocumentIncarnation":%d,"Events":[%s]}' % (self.answers, ",".join(listed).encode())
        assert len(body) <= 1 << 20, len(body)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))

    def _spell(self, event_id: str, kind: str) -> str:
        minute = f"{self.answers // 60 % 24:02}:{self.answers % 60:02}"
        return (
            f'{{"EventId":"{event_id}","EventType":"{kind}","EventStatus":"Scheduled","Resources":["web-01"],'
            f'"NotBefore":"Tue, 14 Nov 2034 {minute}:00 GMT","Description":"flood, flood","EventSource":"Platform"}}'
        )


def read_memory(pid: int) -> int:
    """Return the most memory that a process has had, in KiB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def read_cpu(pid: int) -> float:
    """Return the seconds of processor time of a process, without its children."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize("acting", [True, False], ids=["with a command", "printing"])
def test_a_flood(acting: bool, watch: Callable[..., Watcher], tmp_path: Path) -> None:
    """For a while, then a Preempt, a restart against a good IMDS, and the end of what was told."""
    flood, state = Flood(), tmp_path / "state.json"
    command = f'[ "$AZURE_IMDS_EVENT_ID" != urgent ] || touch {tmp_path}/preempted'
    flags = ("--vm-name", "web-01", "--state", str(state), *(("--exec", command) if acting else ()))
    with RawServer(flood.handle) as server:
        watcher = watch(server, *flags)
        wait_for(lambda: flood.answers >= 2)
        pid = watcher.process.pid
        began, cpu, sizes = time.monotonic(), read_cpu(pid), []
        while time.monotonic() - began < SECONDS:
            time.sleep(0.5)
            sizes.append(state.stat().st_size)
        used = (read_cpu(pid) - cpu) / (time.monotonic() - began)
        flood.own = "urgent"
        took = wait_for((tmp_path / "preempted").exists if acting else lambda: '"urgent"' in watcher.output.read_text())
        memory = read_memory(pid)
        print(
            f"{flood.answers} answers, {memory} KiB, {used:.0%} of a core, state {max(sizes)} B, Preempt {took:.1f} s"
        )
        assert watcher.stop() == 0
        flood.is_calm, before = True, flood.answers
        again = watch(server, *flags)
        # What was left may be the one event already: only a request shows that the second watch heeds signals.
        wait_for(lambda: flood.answers > before and state.read_text().count("EventId") == 1, seconds=120)
        assert '"urgent"' in state.read_text()
        assert read_memory(again.process.pid) < MOST_RSS_KIB
        assert again.stop() == 0
    assert memory < MOST_RSS_KIB
    assert max(sizes) < 1 << 20
    assert took < 10
