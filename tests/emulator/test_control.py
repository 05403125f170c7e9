# SPDX-License-Identifier: Apache-2.0
"""The control socket: changing an emulator while it runs."""

from __future__ import annotations

import json
import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from azure_imds_facts.emulator import Emulator, EmulatorError
from azure_imds_facts.emulator.control.client import send_changes

from .conftest import Command, ask, instance, run_command

Emulate = Callable[..., Emulator]


def change(path: Path, changes: dict[str, Any]) -> Any:
    """Send changes; give the state after them."""
    return json.loads(send_changes(str(path), json.dumps(changes)))


def test_every_change(emulate: Emulate, tmp_path: Path) -> None:
    """Tags, size, fields, faults, limits and events change for the next request."""
    path = tmp_path / "control"
    emulator = emulate(control=str(path))
    state = change(
        path,
        {
            "tag": {"env": "prod", "new": "1"},
            "untag": ["role"],
            "resize": "Standard_D4s_v5",
            "set": {"compute.zone": "3"},
            "event": {"type": "Freeze", "notice": "1m", "resources": ["a", "b"]},
        },
    )
    compute = instance(emulator.url).json["compute"]
    assert compute["tags"] == "env:prod;new:1"
    assert (compute["vmSize"], compute["zone"]) == ("Standard_D4s_v5", "3")
    assert state["document"]["compute"]["vmSize"] == "Standard_D4s_v5"
    event = state["scheduledevents"]["Events"][0]
    assert (event["EventType"], event["Resources"]) == ("Freeze", ["a", "b"])
    assert change(path, {"cancel_event": event["EventId"]})["scheduledevents"]["Events"] == []
    change(path, {"event": "Reboot:notice=0s"})
    events = ask(emulator.url, "/metadata/scheduledevents?api-version=2020-07-01").json["Events"]
    assert [each["EventStatus"] for each in events] == ["Started"]
    change(path, {"fault": "503"})
    assert [instance(emulator.url).status for _ in range(2)] == [503, 200]
    change(path, {"fault": {"/metadata/versions": "410"}})
    assert [instance(emulator.url).status, ask(emulator.url, "/metadata/versions").status] == [200, 410]
    change(path, {"throttle": {"rate_limit": 1, "retry_after": 4}})
    replies = [instance(emulator.url) for _ in range(2)]
    assert [reply.status for reply in replies] == [200, 429]
    assert replies[1].headers["Retry-After"] == "4"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ("{", "not JSON"),
        ("[]", "expected an object with some of tag, untag, resize"),
        ('{"tga": {}}', "unknown change 'tga'; allowed: tag, untag"),
        ('{"tag": "a=b"}', "tag: expected an object, not 'a=b'"),
        ('{"tag": {"a": 1}}', "tag 'a': expected text, not 1"),
        ('{"set": {"compute.zome": "1"}}', "no field 'zome' in compute"),
        ('{"fault": "explode"}', "unknown kind 'explode'"),
        ('{"fault": 5}', "fault: expected text or an object"),
        ('{"throttle": {"speed": 1}}', "unknown limit 'speed'; allowed: rate_limit"),
        ('{"throttle": {"rate_limit": "x"}}', "rate_limit: expected a number"),
        ('{"event": "Explode"}', "unknown event 'Explode'; allowed: Freeze"),
        ('{"event": {"source": "User"}}', "unknown event 'None'"),
    ],
)
def test_a_wrong_change_is_refused(emulate: Emulate, tmp_path: Path, changes: str, message: str) -> None:
    """What cannot be followed is refused with what is allowed, and the emulator goes on."""
    path = tmp_path / "control"
    emulator = emulate(control=str(path))
    with pytest.raises(EmulatorError) as caught:
        send_changes(str(path), changes)
    assert message in str(caught.value)
    assert instance(emulator.url).status == 200


def test_the_socket_is_its_owners_and_goes_with_the_emulator(tmp_path: Path) -> None:
    """Nobody else may use it; it is gone at the end, and one that a killed emulator left is replaced."""
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


def test_the_command_changes_another(serve: Callable[..., Command], tmp_path: Path) -> None:
    """`emulate --control SOCKET --change JSON` changes the emulator there and prints its state."""
    path = tmp_path / "control"
    command = serve("--control", str(path))
    result = run_command("--control", str(path), "--change", '{"resize": "Standard_B2s"}')
    assert result.returncode == 0
    assert json.loads(result.stdout)["document"]["compute"]["vmSize"] == "Standard_B2s"
    assert instance(command.url).json["compute"]["vmSize"] == "Standard_B2s"
    refused = run_command("--control", str(path), "--change", '{"resize": 5}')
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "resize: expected text, not 5" in refused.stderr
    nobody = run_command("--control", str(tmp_path / "none"), "--change", "{}")
    assert "none: no such file or directory" in nobody.stderr


def test_curl_can_do_it_too(emulate: Emulate, tmp_path: Path) -> None:
    """The endpoint is plain HTTP on a Unix socket."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    path = tmp_path / "control"
    emulator = emulate(control=str(path))
    words = ["curl", "-s", "--unix-socket", str(path), "http://emulator/"]
    subprocess.run([*words, "-d", '{"tag": {"by": "curl"}}'], check=True, capture_output=True)
    assert "by:curl" in instance(emulator.url).json["compute"]["tags"]
    assert subprocess.run([*words, "-X", "PUT"], check=True, capture_output=True).stdout.startswith(b'{"error"')


def test_only_sockets_are_replaced(emulate: Emulate, tmp_path: Path) -> None:
    """A file at the socket's place is somebody's; one that takes the place later stays as well."""
    path = tmp_path / "precious"
    path.write_text("text")
    with pytest.raises(EmulatorError, match="control socket"):
        emulate(control=str(path))
    assert path.read_text() == "text"
    path.unlink()
    emulator = emulate(control=str(path))
    path.unlink()
    path.write_text("later")
    emulator.close()
    assert path.read_text() == "later"


def test_what_cannot_be_cancelled(emulate: Emulate, tmp_path: Path) -> None:
    """An event that there is not is named."""
    path = tmp_path / "control"
    emulate(control=str(path))
    with pytest.raises(EmulatorError, match="unknown event nosuch"):
        change(path, {"cancel_event": "nosuch"})
