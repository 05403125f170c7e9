# SPDX-License-Identifier: Apache-2.0
"""The control server: its socket, and plain HTTP on it."""

from __future__ import annotations

import json
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from azure_imds_facts.emulator import Emulator, EmulatorError
from azure_imds_facts.emulator.control.client import send_changes

from tests.emulator.client import StartEmulator, get_instance


def test_the_socket_is_private_and_removed_at_the_end(tmp_path: Path) -> None:
    """Only the owner may use it; it is removed at the end, and the stale one of a killed emulator is replaced."""
    path = tmp_path / "control"
    with Emulator(control=str(path)):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        with pytest.raises(EmulatorError, match="address already in use"):
            Emulator(control=str(path)).start()
    assert not path.exists()
    left = subprocess.run(
        ["python3", "-c", "import socket,sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])", str(path)], check=True
    )
    assert left.returncode == 0
    with Emulator(control=str(path)):
        assert "document" in json.loads(send_changes(str(path), ""))


def test_only_sockets_are_replaced(start_emulator: StartEmulator, tmp_path: Path) -> None:
    """A file at the socket's path is not replaced; one that replaces the socket later is not removed."""
    path = tmp_path / "precious"
    path.write_text("text")
    with pytest.raises(EmulatorError, match="control socket"):
        start_emulator(control=str(path))
    assert path.read_text() == "text"
    path.unlink()
    emulator = start_emulator(control=str(path))
    path.unlink()
    path.write_text("later")
    emulator.close()
    assert path.read_text() == "later"


def test_curl_can_use_the_socket(start_emulator: StartEmulator, tmp_path: Path) -> None:
    """The endpoint is plain HTTP on a Unix socket."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    path = tmp_path / "control"
    emulator = start_emulator(control=str(path))
    words = ["curl", "-s", "--unix-socket", str(path), "http://emulator/"]
    subprocess.run([*words, "-d", '{"tag": {"by": "curl"}}'], check=True, capture_output=True)
    assert "by:curl" in get_instance(emulator.url).json["compute"]["tags"]
    assert subprocess.run([*words, "-X", "PUT"], check=True, capture_output=True).stdout.startswith(b'{"error"')
