# SPDX-License-Identifier: Apache-2.0
"""Test what a machine says of itself."""

from __future__ import annotations

import os
import re
import socket
from pathlib import Path
from typing import Any

import pytest
from azure_imds_facts.core.errors import InvalidError, NotAzureError
from azure_imds_facts.core.host import (
    _LISTENING,
    ARC_ENDPOINT,
    AZURE_ASSET_TAG,
    Host,
    find_imds,
    is_same_machine,
    verify_vm_id,
)
from azure_imds_facts.core.settings import Settings, build_settings

from tests.support.documents import SWAPPED_VM_ID, VM_ID
from tests.support.hosts import BOOT_ID, build_arc_host, build_host, listen, listening


def detect(host: Host) -> str:
    """Return the UUID to compare with on a machine whose settings are all default."""
    found, uuid = find_imds(Settings(), host)
    assert found == Settings()
    return uuid


def test_matching_tag(tmp_path: Path) -> None:
    """Azure's tag is enough, with the UUID where it can be read."""
    assert AZURE_ASSET_TAG == "7783-7084-3265-9085-8269-3286-77"
    assert detect(build_host(tmp_path, uuid=VM_ID.upper())) == VM_ID
    assert detect(build_host(tmp_path, uuid=None)) == ""
    assert build_host(tmp_path).read_boot_id() == BOOT_ID
    assert build_host(tmp_path, boot_id=None).read_boot_id() is None


@pytest.mark.parametrize("tag", ["Amazon EC2", "No Asset Tag", AZURE_ASSET_TAG + "-1", AZURE_ASSET_TAG[:-1], "\x1b[1m"])
def test_other_tag(tag: str, tmp_path: Path) -> None:
    """Another tag is not Azure for certain, whatever else stands on the disk."""
    (tmp_path / "waagent").mkdir()
    (tmp_path / "cloud-id").write_text("azure\n")
    with pytest.raises(NotAzureError) as caught:
        detect(build_host(tmp_path, tag=tag))
    assert caught.value.is_other_platform
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("cloud_id", "waagent", "is_azure"),
    [
        ("azure\n", False, True),
        (None, True, True),
        ("aws", True, True),
        ("aws", False, False),
        ("azure-stack", False, False),
        (None, False, False),
        ("", False, False),
    ],
)
@pytest.mark.parametrize("tag", [None, ""])
def test_without_tag(cloud_id: str | None, waagent: bool, is_azure: bool, tag: str | None, tmp_path: Path) -> None:
    """Without a tag cloud-init or the agent must say Azure; the UUID is not compared then."""
    if cloud_id is not None:
        (tmp_path / "cloud-id").write_text(cloud_id)
    if waagent:
        (tmp_path / "waagent").mkdir()
    host = build_host(tmp_path, tag=tag, uuid=VM_ID)
    if is_azure:
        assert detect(host) == ""
    else:
        with pytest.raises(NotAzureError) as caught:
            detect(host)
        assert not caught.value.is_other_platform


@pytest.mark.parametrize(
    ("vm_id", "uuid", "expected"),
    [
        (VM_ID, VM_ID, True),
        (VM_ID.upper(), VM_ID, True),
        (VM_ID, SWAPPED_VM_ID, True),
        (VM_ID, SWAPPED_VM_ID.upper(), True),
        (VM_ID, "", None),
    ],
)
def test_verify_vm_id(vm_id: str, uuid: str, expected: bool | None) -> None:
    """Equal in either byte order is true; without a UUID there is nothing to compare."""
    assert verify_vm_id({"vmId": vm_id}, uuid) is expected


@pytest.mark.parametrize("compute", [None, [], "x"])
def test_no_compute_is_not_compared(compute: object) -> None:
    """A classic VM's document has no compute section, and so nothing to compare."""
    assert verify_vm_id(compute, VM_ID) is None


@pytest.mark.parametrize("vm_id", [None, "", 5, [VM_ID], {"a": VM_ID}])
def test_a_vm_id_that_is_none_is_invalid(vm_id: object) -> None:
    """A compute section without a `vmId` that is a string may be another VM's."""
    with pytest.raises(InvalidError, match="another VM"):
        verify_vm_id({"vmId": vm_id}, VM_ID)
    with pytest.raises(InvalidError, match="another VM"):
        verify_vm_id({}, VM_ID)


@pytest.mark.parametrize(
    "uuid", ["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff", "Not Settable", VM_ID[:-1]]
)
def test_a_uuid_that_names_no_machine(uuid: str, tmp_path: Path) -> None:
    """A UUID of one digit repeated, or one that is none, counts as not readable."""
    assert build_host(tmp_path, uuid=uuid).read_product_uuid() == ""
    assert build_host(tmp_path, uuid=VM_ID.upper()).read_product_uuid() == VM_ID


@pytest.mark.parametrize("other", ["5c08b38e-4d57-4c23-ac45-aca61037f085", "nonsense", "5c08b38e", VM_ID + "-1"])
def test_other_machine(other: str) -> None:
    """Anything else is another VM."""
    assert not is_same_machine(VM_ID, other)
    with pytest.raises(InvalidError):
        verify_vm_id({"vmId": VM_ID}, other)


def test_last_groups_are_not_swapped() -> None:
    """Only the first three groups come in another order."""
    assert is_same_machine(VM_ID, "8eb3085c-574d-234c-ac45-aca61037f084")
    assert not is_same_machine(VM_ID, "8eb3085c-574d-234c-45ac-84f03710a6ac")


def test_the_agent_s_place_may_be_anything(tmp_path: Path) -> None:
    """That it exists is enough."""
    host = build_host(tmp_path, tag=None)
    with pytest.raises(NotAzureError):
        detect(host)
    Path(host.agent_dir).write_text("")
    assert detect(host) == ""


ARC_SIGNS = {"IMDS_ENDPOINT": "http://localhost:40342", "IDENTITY_ENDPOINT": "http://localhost:40342/metadata/identity"}
ANY6, ANY4_IN_6 = "0" * 32, "0" * 16 + "FFFF0000" + "0" * 8
LOOPBACK_IN_6, LOOPBACK_6 = "0" * 16 + "FFFF00000100007F", "0" * 24 + "01000000"


@pytest.mark.parametrize("tag", ["Example rack 7", "", None])
def test_a_machine_of_azure_arc(tag: str | None, tmp_path: Path) -> None:
    """Where DMI does not say Azure and the agent is installed, it is asked, and there is no UUID to compare with."""
    host = build_arc_host(tmp_path, tag=tag)
    found, uuid = find_imds(Settings(), host)
    assert (found.endpoint, found.platform, uuid) == ("http://127.0.0.1:40342", "arc", "")
    # Leftovers of Azure's own agent say less than an agent that is installed.
    Path(host.agent_dir).mkdir()
    assert find_imds(Settings(), host)[0].platform == "arc"


def test_azure_beats_azure_arc(tmp_path: Path) -> None:
    """Where DMI says Azure, Azure Arc's agent is not asked, whatever the environment says."""
    host = build_arc_host(tmp_path, tag=AZURE_ASSET_TAG)
    settings = build_settings({}, ARC_SIGNS)
    assert find_imds(settings, host) == (settings, host.read_product_uuid())


@pytest.mark.parametrize(
    ("environ", "is_arc"),
    [
        (ARC_SIGNS, True),
        ({"IMDS_ENDPOINT": "http://10.0.0.1"}, False),
        ({"IDENTITY_ENDPOINT": "http://10.0.0.1", "IMDS_ENDPOINT": ""}, False),
        ({**ARC_SIGNS, "AZURE_IMDS_ARC": "0"}, False),
        ({**ARC_SIGNS, "AZURE_IMDS_ARC": " Off"}, False),
        ({**ARC_SIGNS, "AZURE_IMDS_ARC": "1"}, True),
        ({**ARC_SIGNS, "AZURE_IMDS_ARC": ""}, True),
    ],
)
def test_the_agent_s_variables(environ: dict[str, str], is_arc: bool, tmp_path: Path) -> None:
    """Both variables of the agent count as its program does, and never choose the address."""
    host = build_host(tmp_path, tag="Example rack 7")
    settings = build_settings({}, environ)
    if is_arc:
        assert find_imds(settings, host)[0].endpoint == ARC_ENDPOINT
    else:
        with pytest.raises(NotAzureError) as caught:
            find_imds(settings, host)
        assert caught.value.is_other_platform


@pytest.mark.parametrize("word", ["0", "false", "No", "OFF"])
def test_azure_arc_left_alone(word: str, tmp_path: Path) -> None:
    """AZURE_IMDS_ARC=0 makes the machine what it is without the agent."""
    host = build_arc_host(tmp_path)
    with pytest.raises(NotAzureError):
        find_imds(build_settings({}, {"AZURE_IMDS_ARC": word}), host)
    with pytest.raises(NotAzureError, match="DISABLED"):
        find_imds(build_settings({}, {"AZURE_IMDS_DISABLED": "1"}), host)


def test_a_named_endpoint_is_not_azure_arc_s(tmp_path: Path) -> None:
    """A named endpoint is asked as before; nor does `detect: skip` look at Azure Arc."""
    host = build_arc_host(tmp_path)
    named = build_settings({"endpoint": "http://127.0.0.1:40342"}, {})
    assert find_imds(named, host) == (named, "")
    skipping = build_settings({"detect": "skip"}, {})
    assert find_imds(skipping, host) == (skipping, "")
    with pytest.raises(NotAzureError):
        find_imds(build_settings({"endpoint": "http://127.0.0.1:9", "detect": "auto"}, {}), host)


@pytest.mark.parametrize(
    "sockets",
    [
        (listening(),),
        (listening(0),),
        (listening(0, "00000000"), listening(997, ANY6)),
        (listening(), listening(1000, port=40343), listening(1000, "00000000", port=22)),
        # These take no connection to 127.0.0.1: another address, ::1 alone, connections, one that is closed.
        (listening(), listening(1000, "0200007F"), listening(1000, LOOPBACK_6)),
        (listening(), listening(1000, state="01"), listening(1000, state="06"), listening(1000, state="07")),
    ],
)
def test_a_listener_of_the_agent_s(sockets: tuple[str, ...], tmp_path: Path) -> None:
    """Sockets of root and himds are trusted, and those that cannot take the address do not count."""
    assert build_arc_host(tmp_path, *sockets).describe_stranger() == ""


@pytest.mark.parametrize(
    "line",
    [
        listening(1000),
        listening(1000, "00000000"),
        listening(1000, "7F000001"),
        listening(1000, ANY6),
        listening(1000, ANY4_IN_6),
        listening(1000, LOOPBACK_IN_6),
        listening(1000, "0" * 16 + "0000FFFF7F000001"),
    ],
)
@pytest.mark.parametrize("others", [(), (listening(),), (listening(0, ANY6),)])
def test_a_listener_of_another_user(line: str, others: tuple[str, ...], tmp_path: Path) -> None:
    """One socket of another user that could take the address is enough, beside the agent's too; its user is named."""
    said = build_arc_host(tmp_path, *others, line).describe_stranger()
    assert "uid 1000 (alice)" in said


def test_a_listener_of_a_user_of_a_directory(tmp_path: Path) -> None:
    """A user who is not in the file has no name there, and the message says so."""
    host = build_arc_host(tmp_path, listening(70001))
    assert host.describe_stranger() == "uid 70001 (not in passwd) listens there instead of root or himds"


def test_listeners_that_cannot_be_seen(tmp_path: Path) -> None:
    """Without a table, without IPv6, without a user `himds`: what cannot be seen is not trusted."""
    host = build_arc_host(tmp_path)
    Path(f"{host.sockets}6").unlink()
    assert host.describe_stranger() == ""
    Path(host.users).write_text("not-himds:x:997:1::/:/bin/sh\n")
    assert "uid 997 (not-himds)" in host.describe_stranger()
    Path(host.users).unlink()
    assert "uid 997" in host.describe_stranger()
    Path(host.sockets).unlink()
    assert "no program listens" in host.describe_stranger()
    listen(host, listening(1000, port=80))
    assert "no program listens" in host.describe_stranger()


def test_this_kernel_s_tables() -> None:
    """The kernel here writes what is read: a listening socket of this user, at both wildcards and in both tables."""
    with socket.create_server(("127.0.0.1", 0)) as four, socket.create_server(("::", 0), family=socket.AF_INET6) as six:
        for listener, path in ((four, "/proc/net/tcp"), (six, "/proc/net/tcp6")):
            port = f"{listener.getsockname()[1]:04X}"
            found = re.findall(_LISTENING.replace("9D96", port), Path(path).read_text(encoding="ascii"))
            assert found == [str(os.geteuid())]


def test_off_azure_one_more_stat(tmp_path: Path) -> None:
    """Where there is nothing of Azure, looking for Azure Arc's agent is one stat, and neither table nor users are read."""
    host = build_host(tmp_path, tag="Example rack 7")
    looked: list[str] = []

    def note(path: str, **options: Any) -> Any:
        looked.append(path)
        return open(path, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("azure_imds_facts.core.host.open", note, raising=False)
        patch.setattr("os.path.exists", lambda path: looked.append(f"stat {path}"))
        with pytest.raises(NotAzureError):
            find_imds(Settings(), host)
    assert looked == [f"{host.dmi_dir}/chassis_asset_tag", f"stat {host.arc_agent}"]
