# SPDX-License-Identifier: Apache-2.0
"""The other boots: IMDS that is not ready or never comes, machines that changed or were copied, cut power, a full disk."""

from __future__ import annotations

import contextlib
import json
import random
import stat
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from .commands import run, wait_for
from .conftest import VM_ID
from .guest import UNIT, Guest
from .network import Network

OTHER_VM_ID = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
Facts = dict[str, Any]


def machine(*, size: str = "Standard_D2s_v3", env: str = "prod", vm_id: str = VM_ID) -> list[str]:
    """The emulator's flags for a machine."""
    return ["--set", f"compute.vmId={vm_id}", "--set", f"compute.vmSize={size}", "--tag", f"env={env}"]


@pytest.fixture(name="written")
def _written(guest: Guest, network: Network) -> Callable[[], Facts]:
    """Boot once, have facts written, and switch off: what stands on the disk then."""

    def boot() -> Facts:
        guest.see_own_boot_id()
        with network.imds(*machine()):
            guest.start()
            assert guest.wait_for_service()["Result"] == "success", guest.journal()
        guest.shut_down()
        return read_file(guest)

    return boot


def read_file(guest: Guest) -> Facts:
    """What stands in the file, whoever looks."""
    facts: Facts = json.loads(guest.facts_file.read_text(encoding="utf-8"))
    return facts


def test_imds_gone_for_a_while(guest: Guest, network: Network) -> None:
    """410 and 404 at boot are waited out."""
    with network.imds(*machine(), "--fault", "410*4,404*4"):
        guest.start()
        result = guest.wait_for_service()
        facts = guest.read_with_ansible()
    assert (result["Result"], result["ExecMainStatus"]) == ("success", "0"), guest.journal()
    assert facts is not None
    assert facts["snapshot"]["source"] == "imds"
    assert "410 (gone" in guest.journal()
    assert [line for line in network.requests() if " 410" in line]


def test_imds_never_comes(guest: Guest) -> None:
    """Without IMDS there are no facts, the unit fails in its own time, and the machine has long been up by then."""
    guest.set(AZURE_IMDS_TIMEOUT="15")
    guest.start()
    reached = guest.wait_for_target()
    assert guest.show(UNIT, "ActiveState") == "activating"
    result = guest.wait_for_service()
    assert (result["Result"], result["ExecMainStatus"]) == ("exit-code", "4"), guest.journal()
    assert guest.read_with_ansible() is None
    assert reached < 15
    assert guest.show("azure-imds-facts-refresh.timer", "ActiveState") == "active"
    assert guest.show("azure-imds-facts-refresh.timer", "NextElapseUSecMonotonic") not in ("", "0", "infinity")


def test_imds_is_waited_for_300_seconds(guest: Guest) -> None:
    """Without a setting the patience is 300 seconds."""
    guest.start()
    guest.wait_for_bus()
    wait_for("a word on how long it asks", lambda: "up to 300 s" in guest.journal(), within_s=20)


def test_imds_never_comes_again(guest: Guest, written: Callable[[], Facts]) -> None:
    """What an earlier boot wrote is there, marked stale from early on, and nothing else of it has changed."""
    before = written()
    guest.set(AZURE_IMDS_TIMEOUT="10")
    guest.start()
    wait_for("the mark", lambda: read_file(guest)["snapshot"]["source"] == "stale", within_s=20)
    assert guest.wait_for_service()["ExecMainStatus"] == "4"
    facts = guest.read_with_ansible()
    assert facts == {**before, "snapshot": {**before["snapshot"], "source": "stale"}}


def test_reboot_with_changed_size_and_tags(guest: Guest, network: Network, written: Callable[[], Facts]) -> None:
    """After a resize the old facts are stale until IMDS answers, and the new ones right."""
    before = written()
    guest.start()
    wait_for("the mark", lambda: read_file(guest)["snapshot"]["source"] == "stale", within_s=20)
    assert read_file(guest)["compute"] == before["compute"]
    with network.imds(*machine(size="Standard_E4s_v5", env="dev")):
        assert guest.wait_for_service()["Result"] == "success", guest.journal()
        facts = guest.read_with_ansible()
    assert facts is not None
    assert (facts["compute"]["vm_size"], facts["tags"]["env"]) == ("Standard_E4s_v5", "dev")
    assert facts["snapshot"]["source"] == "imds"
    assert facts["snapshot"]["boot_id"] == guest.read_boot_id() != before["snapshot"]["boot_id"]


def test_image_on_another_vm(guest: Guest, network: Network, written: Callable[[], Facts]) -> None:
    """What the image brought along from another VM is gone before IMDS answers; then this VM's facts are there."""
    written()
    guest.be(uuid=OTHER_VM_ID)
    guest.start()
    wait_for("the removal", lambda: not guest.facts_file.exists(), within_s=20)
    guest.wait_for_bus()
    assert guest.read_with_ansible() is None
    with network.imds(*machine(vm_id=OTHER_VM_ID)):
        assert guest.wait_for_service()["Result"] == "success", guest.journal()
        facts = guest.read_with_ansible()
    assert facts is not None
    assert facts["compute"]["vm_id"] == OTHER_VM_ID


def test_image_on_another_platform(guest: Guest, network: Network, written: Callable[[], Facts]) -> None:
    """Facts of an earlier life on Azure are removed, and nothing is asked."""
    written()
    guest.be(tag="Amazon EC2", uuid=OTHER_VM_ID)
    with network.imds(*machine()):
        guest.start()
        assert guest.wait_for_service()["ExecMainStatus"] == "3"
        assert guest.read_with_ansible() is None
    assert network.requests() == []


def test_power_cut_during_the_write(guest: Guest, network: Network, written: Callable[[], Facts]) -> None:
    """Ten times the power goes while the file is being written: it always parses and is old, marked or new."""
    before = written()
    found = []
    for number in range(10):
        size = f"Standard_E{number}s_v5"
        standing = guest.facts_file.stat().st_ino
        with network.imds(*machine(size=size)):
            guest.start()
            is_writing = partial(_is_writing, guest.facts_file, standing)
            wait_for("a file being written", is_writing, within_s=30, every_s=0.0)
            time.sleep(random.uniform(0, 0.004))  # noqa: S311  no secret
            guest.cut_power()
        facts = read_file(guest)
        is_new = facts["compute"]["vm_size"] == size
        assert is_new or facts["compute"]["vm_size"] == before["compute"]["vm_size"]
        found.append("new" if is_new and facts["snapshot"]["source"] == "imds" else facts["snapshot"]["source"])
        before = facts
    print("after ten power cuts the file was:", *found)
    with network.imds(*machine(size="Standard_M8ms")):
        guest.start()
        assert guest.wait_for_service()["Result"] == "success", guest.journal()
        after = guest.read_with_ansible()
    assert after is not None
    assert after["compute"]["vm_size"] == "Standard_M8ms"


def _is_writing(path: Path, standing: int) -> bool:
    """A temporary file is there; on a busy machine that moment can be missed, and then it has just been put in place."""
    is_there = any(entry.name.endswith(".tmp") for entry in path.parent.iterdir() if _is_young(entry))
    return is_there or path.stat().st_ino != standing


def _is_young(entry: Path) -> bool:
    try:
        return time.time() - entry.stat().st_mtime < 1
    except FileNotFoundError:
        return True  # it was there a moment ago


@pytest.fixture(name="disk")
def _disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    run("mount", "-t", "tmpfs", "-o", "size=64k,mode=755", "tmpfs", str(disk))
    yield disk
    run("umount", str(disk))


def test_full_disk(guest: Guest, network: Network, written: Callable[[], Facts], disk: Path) -> None:
    """Where no mark can be written, what an earlier boot left does not pass for current."""
    written()
    (disk / guest.facts_file.name).write_bytes(guest.facts_file.read_bytes())
    fill(disk)
    with network.imds(*machine(size="Standard_E4s_v5")):
        guest.start(f"--bind={disk}:/etc/ansible/facts.d")
        guest.wait_for_service()
        facts = guest.read_with_ansible()
    print(guest.journal())
    if facts is not None:
        is_new = facts["compute"]["vm_size"] == "Standard_E4s_v5"
        assert facts["snapshot"]["source"] == ("imds" if is_new else "stale")


def test_directory_is_a_file(guest: Guest, network: Network) -> None:
    """A file in the directory's place stays; the unit has failed, and the machine is up."""
    place = guest.facts_file.parent
    place.parent.mkdir()
    place.write_text("precious")
    with network.imds(*machine()):
        guest.start()
        guest.wait_for_target()
        assert guest.wait_for_service()["Result"] == "exit-code"
    assert place.read_text() == "precious"
    assert "azure-imds-facts" in guest.journal()


def test_facts_that_reveal(guest: Guest, network: Network) -> None:
    """With a sensitive field in it the file is for root alone, and the cache holds none of it."""
    guest.set(AZURE_IMDS_REVEAL="admin_username")
    with network.imds(*machine(), "--set", "compute.osProfile.adminUsername=ada-lovelace"):
        guest.start()
        assert guest.wait_for_service()["Result"] == "success", guest.journal()
        facts = guest.read_with_ansible()
    assert facts is not None
    assert facts["compute"]["os_profile_admin_username"] == "ada-lovelace"
    assert stat.S_IMODE(guest.facts_file.stat().st_mode) == 0o600
    assert guest.run("grep", "-r", "ada-lovelace", "/run/azure-imds-facts", check=False).returncode == 1


def fill(disk: Path) -> None:
    """Leave no room at all."""
    with contextlib.suppress(OSError), (disk / "filler").open("wb") as filler:
        while True:
            filler.write(bytes(4096))
            filler.flush()
