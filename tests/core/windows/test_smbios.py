# SPDX-License-Identifier: Apache-2.0
"""Test the reader of SMBIOS tables against those that the emulator builds, and against what is no table."""

from __future__ import annotations

import struct
import uuid

import pytest
from azure_imds_facts.core.host import AZURE_ASSET_TAG, is_same_machine
from azure_imds_facts.core.windows.smbios import Identity, parse_firmware
from azure_imds_facts.emulator.sandbox.smbios import build_smbios
from hypothesis import given
from hypothesis import strategies as st

from tests.support.documents import VM_ID


def wrap(table: bytes, version: tuple[int, int] = (3, 1)) -> bytes:
    """Return tables as Windows hands them out."""
    return struct.pack("<BBBBI", 0, *version, 0, len(table)) + table


def structure(kind: int, fields: bytes, *strings: bytes) -> bytes:
    """Return one structure."""
    return struct.pack("<BBH", kind, 4 + len(fields), kind) + fields + (b"\0".join(strings) + b"\0" or b"\0") + b"\0"


# As the emulator builds them; `dmidecode` reads those too.
TABLE = build_smbios(
    {"product_uuid": VM_ID, "chassis_asset_tag": AZURE_ASSET_TAG, "chassis_type": "3", "sys_vendor": "M"}
)
AZURE = wrap(TABLE["DMI"])
ELSEWHERE = wrap(
    build_smbios(
        {
            "product_uuid": "4c4c4544-0051-3810-8057-b7c04f533532",
            "chassis_asset_tag": "RACK-07",
            "chassis_type": "23",
            "chassis_vendor": "Example",
        }
    )["DMI"]
)


def test_azure() -> None:
    """Tag and UUID are those of the machine."""
    assert parse_firmware(AZURE) == Identity(asset_tag=AZURE_ASSET_TAG, product_uuid=VM_ID)


def test_another_platform() -> None:
    """So are those of a machine elsewhere."""
    found = parse_firmware(ELSEWHERE)
    assert found == Identity(asset_tag="RACK-07", product_uuid="4c4c4544-0051-3810-8057-b7c04f533532")


def test_either_byte_order() -> None:
    """Before SMBIOS 2.6 the UUID stood in the order of its digits; whichever it is, it names the same machine."""
    older = parse_firmware(wrap(TABLE["DMI"], (2, 5))).product_uuid
    assert older == str(uuid.UUID(bytes=uuid.UUID(VM_ID).bytes_le))
    assert is_same_machine(VM_ID, older)


@pytest.mark.parametrize("value", [b"\0" * 16, b"\xff" * 16, b"\x11" * 16])
def test_no_uuid(value: bytes) -> None:
    """What firmware writes for none, and one digit repeated, name no machine."""
    assert parse_firmware(wrap(structure(1, bytes(4) + value + bytes(3)))).product_uuid == ""


def test_the_first_chassis_counts() -> None:
    """A second chassis says nothing, nor does one without an asset tag."""
    chassis = bytes([1, 3, 0, 0, 2])
    table = structure(3, chassis, b"Maker", b" tag ") + structure(3, chassis, b"Maker", b"other")
    assert parse_firmware(wrap(table)).asset_tag == "tag"
    assert parse_firmware(wrap(structure(3, bytes(5), b"Maker"))).asset_tag == ""
    assert parse_firmware(wrap(structure(3, bytes([1, 3, 0, 0, 9]), b"Maker"))).asset_tag == ""


def test_what_follows_the_end_is_not_read() -> None:
    """Neither what stands behind the end of the table nor what is beyond its size."""
    end, chassis = structure(127, b""), structure(3, bytes([1, 3, 0, 0, 1]), b"late")
    assert parse_firmware(wrap(end + chassis)) == Identity()
    assert parse_firmware(wrap(end) + chassis) == Identity()


@given(st.binary(max_size=200))
def test_any_bytes(content: bytes) -> None:
    """Nothing that firmware may hold raises."""
    for text in (content, wrap(content), wrap(structure(3, content[:200], content.replace(b"\0", b"")))):
        assert isinstance(parse_firmware(text), Identity)


@given(st.integers(0, 400))
def test_cut_anywhere(length: int) -> None:
    """A table that was cut gives what is whole in it, or nothing."""
    found = parse_firmware(AZURE[:length])
    assert found.asset_tag in ("", AZURE_ASSET_TAG)
    assert found.product_uuid in ("", VM_ID)
