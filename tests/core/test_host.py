# SPDX-License-Identifier: Apache-2.0
"""Test what a machine says of itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from azure_imds_facts.core.errors import InvalidError, NotAzureError
from azure_imds_facts.core.host import AZURE_ASSET_TAG, detect_azure, is_same_machine, verify_vm_id

from tests.support.documents import SWAPPED_VM_ID, VM_ID
from tests.support.hosts import BOOT_ID, build_host


def test_matching_tag(tmp_path: Path) -> None:
    """Azure's tag is enough, with the UUID where it can be read."""
    assert AZURE_ASSET_TAG == "7783-7084-3265-9085-8269-3286-77"
    assert detect_azure(build_host(tmp_path, uuid=VM_ID.upper())) == VM_ID
    assert detect_azure(build_host(tmp_path, uuid=None)) == ""
    assert build_host(tmp_path).read_boot_id() == BOOT_ID
    assert build_host(tmp_path, boot_id=None).read_boot_id() is None


@pytest.mark.parametrize("tag", ["Amazon EC2", "No Asset Tag", AZURE_ASSET_TAG + "-1", AZURE_ASSET_TAG[:-1], "\x1b[1m"])
def test_other_tag(tag: str, tmp_path: Path) -> None:
    """Another tag is not Azure for certain, whatever else stands on the disk."""
    (tmp_path / "waagent").mkdir()
    (tmp_path / "cloud-id").write_text("azure\n")
    with pytest.raises(NotAzureError) as caught:
        detect_azure(build_host(tmp_path, tag=tag))
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
        assert detect_azure(host) == ""
    else:
        with pytest.raises(NotAzureError) as caught:
            detect_azure(host)
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
        detect_azure(host)
    Path(host.agent_dir).write_text("")
    assert detect_azure(host) == ""
