# SPDX-License-Identifier: Apache-2.0
"""Which events a watch approves, and what counts as an approval."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.emulators import Emulate
from tests.support.events import document, raw_event
from tests.support.servers import RawServer
from tests.support.watchers import Watcher, polls, wait_for


def posts(emulator: Any) -> list[str]:
    """The ids that were approved."""
    return [record.method for record in emulator.requests if record.method == "POST"]


def test_policies(emulate: Emulate, watch: Callable[..., Watcher]) -> None:
    """What a user asked for and a short Freeze are approved at once; shared events, with one line, and others are not."""
    emulator = emulate()
    watcher = watch(emulator, "--approve-user", "--approve-freeze-below", "10")
    emulator.event("Reboot", source="Platform", notice="600s")
    emulator.event("Reboot", source="User", notice="600s", resources="web-01+db-01")
    user = emulator.event("Reboot", source="User", notice="600s")
    wait_for(lambda: f"Approved {user}." in watcher.errors.read_text())
    seen = polls(emulator)
    wait_for(lambda: polls(emulator) > seen + 1)
    assert len(posts(emulator)) == 1
    said = [line for line in watcher.errors.read_text().splitlines() if "not approved" in line]
    assert len(said) == 1
    assert "db-01" in said[0]
    assert "--approve-shared" in said[0]


def test_shared_events_where_they_are_allowed(emulate: Emulate, watch: Callable[..., Watcher], tmp_path: Path) -> None:
    """With --approve-shared a command's success approves an event of several VMs."""
    emulator = emulate()
    shared = emulator.event("Reboot", notice="600s", resources="web-01+db-01")
    flags = ("--exec", "true", "--approve-on-success", "--state", str(tmp_path / "s.json"))
    first = watch(emulator, *flags)
    wait_for(lambda: "is not approved" in first.errors.read_text())
    assert first.stop() == 0
    assert posts(emulator) == []
    (tmp_path / "s.json").unlink()
    second = watch(emulator, *flags, "--approve-shared")
    wait_for(lambda: f"Approved {shared}." in second.errors.read_text())


def test_flags_that_were_taken_away(emulate: Emulate, watch: Callable[..., Watcher], tmp_path: Path) -> None:
    """What was still to be approved when a watch ended is not, where the next one may approve nothing."""
    emulator, state = emulate(), tmp_path / "s.json"
    event = emulator.event("Reboot", notice="600s")
    first = watch(emulator, "--exec", "true", "--state", str(state))
    wait_for(lambda: state.exists() and "ended_at" in state.read_text())
    assert first.stop() == 0
    stored = json.loads(state.read_text())
    stored["events"][0]["Pending"] = True
    state.write_text(json.dumps(stored))
    second = watch(emulator, "--exec", "true", "--state", str(state))
    seen = polls(emulator)
    wait_for(lambda: polls(emulator) > seen + 2)
    assert second.stop() == 0
    assert posts(emulator) == []
    state.write_text(json.dumps(stored))
    third = watch(emulator, "--exec", "true", "--state", str(state), "--approve-on-success")
    wait_for(lambda: f"Approved {event}." in third.errors.read_text())


class Portal:
    """A server of one event that answers approvals with something else."""

    def __init__(self, answer: bytes) -> None:
        self.answer = answer
        self.requests: list[bytes] = []
        self.lists = json.dumps(document(raw_event(NotBefore="Tue, 14 Nov 2033 22:28:20 GMT"))).encode()

    def handle(self, _server: RawServer, connection: Any) -> None:
        """Answer one request."""
        request = connection.recv(65536)
        self.requests.append(request)
        body = self.answer if request.startswith(b"POST") else self.lists
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))

    @property
    def posts(self) -> int:
        """How often an approval was tried."""
        return sum(request.startswith(b"POST") for request in self.requests)


@pytest.mark.parametrize("answer", [b"<html>Sign in</html>", b'{"error": "busy"}', b'"x"'])
def test_what_is_no_approval(answer: bytes, watch: Callable[..., Watcher], tmp_path: Path) -> None:
    """200 with a page, or with an error, is a failed approval and is tried again, also by the next watch.

    The command, which ended with 0, does not run again for that.
    """
    portal = Portal(answer)
    with RawServer(portal.handle) as server:
        flags = ("--vm-name", "web-01", "--exec", f"echo >> {tmp_path}/ran", "--approve-on-success",
                 "--state", str(tmp_path / "s.json"))  # fmt: skip
        first = watch(server, *flags)
        wait_for(lambda: portal.posts >= 2, seconds=90)
        said = first.errors.read_text()
        assert "Approved" not in said
        assert said.count("is tried again") == 1
        first.process.kill()
        first.process.wait(60)
        tried = portal.posts
        second = watch(server, *flags)
        wait_for(lambda: portal.posts > tried)
        portal.answer = b""
        wait_for(lambda: "Approved A." in second.errors.read_text(), seconds=90)
        assert second.stop() == 0
    assert (tmp_path / "ran").read_text() == "\n"
