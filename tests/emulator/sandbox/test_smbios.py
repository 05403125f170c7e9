# SPDX-License-Identifier: Apache-2.0
"""The SMBIOS tables of an emulated machine, as dmidecode reads them."""

from __future__ import annotations

import struct
import sys
import uuid

import pytest

if sys.platform != "linux":
    pytest.skip("DMI files are mounted on Linux only", allow_module_level=True)

from azure_imds_facts.emulator.sandbox.dmi import build_dmi_files
from azure_imds_facts.emulator.sandbox.smbios import build_smbios

VM_ID = "0f0e0d0c-1111-4222-8333-944445555666"


def test_the_entry_point_fits_the_table() -> None:
    """Its bytes add up to 0, it has the table's size, and the structures end with the last byte."""
    tables = build_smbios(build_dmi_files(VM_ID))
    entry, table = tables["smbios_entry_point"], tables["DMI"]
    assert (entry[:5], entry[6], len(entry), sum(entry) % 256) == (b"_SM3_", 24, 24, 0)
    assert struct.unpack_from("<I", entry, 12) == (len(table),)
    kinds, place = [], 0
    while place < len(table):
        kinds.append(table[place])
        place = table.index(b"\0\0", place + table[place + 1]) + 2
    assert (kinds, place) == ([0, 1, 2, 3, 127], len(table))


def test_the_uuid_has_the_firmware_s_order() -> None:
    """The first three fields are little-endian; without a valid id there is none."""
    assert uuid.UUID(VM_ID).bytes_le in build_smbios(build_dmi_files(VM_ID))["DMI"]
    assert b"\xff" * 16 in build_smbios(build_dmi_files("x"))["DMI"]
