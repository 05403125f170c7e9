# SPDX-License-Identifier: Apache-2.0
"""What can befall the cache while it is in use: the directory goes, the disk is full, a file is put in another's place."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fire.behaviours import GOOD, OK
from tests.fire.test_matrix import FACTS
from tests.fire.test_stampede import end
from tests.support.servers import RawServer, sending

ANSWER = OK + b"Content-Length: %d\r\n\r\n" % len(GOOD) + GOOD
NAMESPACES = subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False).returncode == 0 if shutil.which("unshare") else False  # fmt: skip


def start(server: RawServer, cache: Path, *prefix: str) -> subprocess.Popen[str]:
    """Start the command `facts`."""
    flags = ["--endpoint", server.url, "--timeout", "20", "--cache-ttl", "600", "--cache-dir", str(cache)]
    return subprocess.Popen(
        [*prefix, sys.executable, "-m", "azure_imds_facts", "facts", *flags],
        env={"PYTHONPATH": str(FACTS), "PATH": os.environ["PATH"]},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until something has happened."""
    for _ in range(2000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it never happened")


def gated(server: RawServer, connection: socket.socket) -> None:
    """Answer once the test allows it."""
    if server.read_request(connection):
        wait_for(lambda: server.gate_is_open)  # type: ignore[attr-defined]
        connection.sendall(ANSWER)


@pytest.mark.parametrize("instead", ["nothing", "link to elsewhere", "file"])
def test_directory_taken_away(instead: str, tmp_path: Path) -> None:
    """The directory goes while one asks and others wait: all have facts, in time, and nothing is written elsewhere."""
    cache, elsewhere = tmp_path / "cache", tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    with RawServer(gated) as server:
        server.gate_is_open = False  # type: ignore[attr-defined]
        processes = [start(server, cache)]
        wait_for(lambda: len(server.requests) == 1)
        processes += [start(server, cache) for _ in range(3)]
        time.sleep(1)
        shutil.rmtree(cache)
        if instead == "file":
            cache.write_text("")
        elif instead != "nothing":
            cache.symlink_to(elsewhere)
        server.gate_is_open = True  # type: ignore[attr-defined]
        ended = end(processes)
    assert [json.loads(text)["compute"]["vm_size"] for text in ended] == ["Standard_D2s_v3"] * 4
    assert os.listdir(elsewhere) == []


@pytest.mark.parametrize("kind", ["link", "hard link", "FIFO", "directory", "world-writable", "foreign"])
def test_file_replaced(kind: str, tmp_path: Path) -> None:
    """A file that somebody put in the entry's place is neither believed nor written to, and nobody hangs on it."""
    if kind == "foreign" and os.geteuid() != 0:
        pytest.skip("needs root, to give a file away")
    cache, victim = tmp_path / "cache", tmp_path / "victim"
    with RawServer(sending(ANSWER)) as server:
        assert end([start(server, cache)])[0]
        (entry,) = (path for path in cache.iterdir() if path.suffix == ".json")
        forged = entry.read_text().replace("Standard_D2s_v3", "Standard_Forged")
        victim.write_text(forged)
        victim.chmod(0o600)
        entry.unlink()
        replace(kind, entry, victim)
        facts = json.loads(end([start(server, cache)])[0])
    assert facts["compute"]["vm_size"] == "Standard_D2s_v3"
    assert facts["snapshot"]["source"] == "imds"
    assert victim.read_text() == forged
    assert len(server.requests) == 2


def replace(kind: str, entry: Path, victim: Path) -> None:
    """Put something in an entry's place."""
    if kind == "link":
        entry.symlink_to(victim)
    elif kind == "hard link":
        os.link(victim, entry)
    elif kind == "FIFO":
        os.mkfifo(entry, 0o600)
    elif kind == "directory":
        entry.mkdir(0o700)
    else:
        entry.write_text(victim.read_text())
        entry.chmod(0o666 if kind == "world-writable" else 0o600)
        if kind == "foreign":
            os.chown(entry, 12345, -1)


@pytest.mark.skipif(not NAMESPACES, reason="user and mount namespaces are not permitted here")
@pytest.mark.parametrize("options", ["size=4k", "ro"])
def test_no_room(options: str, tmp_path: Path) -> None:
    """On a full or read-only disk there are facts all the same, and one warning."""
    cache = tmp_path / "cache"
    cache.mkdir(0o700)
    fill = 'head -c 65536 /dev/zero > "$0/fill" 2>/dev/null; ' if options != "ro" else ""
    script = f'mount -t tmpfs -o mode=0700,{options} none "$0" && {fill} exec "$@"'
    with RawServer(sending(ANSWER)) as server:
        process = start(server, cache, "unshare", "-rm", "sh", "-c", script, str(cache))
        out, told = process.communicate(timeout=60)
    assert process.returncode == 0, told
    assert json.loads(out)["snapshot"]["source"] == "imds"
    assert told.count("warning") == 1
    assert "Traceback" not in told


def test_holder_killed(tmp_path: Path) -> None:
    """The one that asks is killed while ten wait: another asks at once, and all have facts with two requests in all."""

    def behave(server: RawServer, connection: socket.socket) -> None:
        if server.read_request(connection):
            if len(server.requests) == 1:
                server.ended.wait(60)
            connection.sendall(ANSWER)

    with RawServer(behave) as server:
        holder = start(server, tmp_path / "cache")
        wait_for(lambda: len(server.requests) == 1)
        waiting = [start(server, tmp_path / "cache") for _ in range(10)]
        time.sleep(1)
        os.kill(holder.pid, signal.SIGKILL)
        ended = end(waiting)
        end([holder])
        assert len(server.requests) == 2
    assert all("Standard_D2s_v3" in text for text in ended)
