# SPDX-License-Identifier: Apache-2.0
"""The SMBIOS tables of an emulated machine, which `dmidecode` and what reads it take for the firmware's.

Source: the System Management BIOS reference specification 3.1 (DMTF DSP0134). They say what the files of
/sys/class/dmi/id say, and leave out what those leave out.
"""

from __future__ import annotations

import struct
import uuid
from collections.abc import Mapping

__all__ = ["build_smbios"]

_END_OF_TABLE = 127
_MAJOR, _MINOR = 3, 1
_NO_UUID = b"\xff" * 16  # "not present"


def build_smbios(files: Mapping[str, str]) -> dict[str, bytes]:
    """Return the files of /sys/firmware/dmi/tables. `files`: those of /sys/class/dmi/id.

    The first three fields of the UUID are little-endian, as the specification wants it since 2.6.
    """
    product_uuid = uuid.UUID(files["product_uuid"]).bytes_le if "product_uuid" in files else _NO_UUID
    bios = _Strings(files, "bios_vendor", "bios_version")
    system = _Strings(files, "sys_vendor", "product_name", "product_version")
    board = _Strings(files, "board_vendor", "board_name")
    chassis = _Strings(files, "chassis_vendor", "chassis_asset_tag")
    structures = [
        # Segment, date, ROM size, characteristics and their extension (UEFI, virtual machine), releases, larger size.
        (0, struct.pack("<BBHBBQHBBBBH", 1, 2, 0, 0, 0, 1 << 3, 0x1800, 4, 1, 0xFF, 0xFF, 0), bios),
        # Serial number, UUID, wake-up by the power switch, SKU, family.
        (1, struct.pack("<BBBB16sBBB", 1, 2, 3, 0, product_uuid, 6, 0, 0), system),
        # Version, serial number, asset tag, hosting board, place, its chassis, motherboard, nothing contained.
        (2, struct.pack("<BBBBBBBHBB", 1, 2, 0, 0, 0, 1, 0, 3, 10, 0), board),
        # Type, version, serial number, asset tag, four states that are safe or unknown, nothing else.
        (
            3,
            struct.pack("<BBBBBBBBBIBBBBB", 1, int(files["chassis_type"]), 0, 0, 2, 3, 3, 3, 2, 0, 0, 0, 0, 0, 0),
            chassis,
        ),
        (_END_OF_TABLE, b"", _Strings(files)),
    ]
    table = b"".join(
        struct.pack("<BBH", kind, 4 + len(fields), handle) + fields + strings.encode()
        for handle, (kind, fields, strings) in enumerate(structures)
    )
    return {"smbios_entry_point": _build_entry_point(len(table)), "DMI": table}


class _Strings:
    """The strings of a structure, which its fields name by number from 1, 0 for none."""

    def __init__(self, files: Mapping[str, str], *names: str) -> None:
        self._texts = [files[name] for name in names]

    def encode(self) -> bytes:
        """Return the strings with what ends each, and all."""
        return b"".join(text.encode("ascii") + b"\0" for text in self._texts or [""]) + b"\0"


def _build_entry_point(size: int) -> bytes:
    """Return the 64-bit entry point; all its bytes add up to 0. The table has no address in memory here."""
    entry = struct.pack("<5sBBBBBBBIQ", b"_SM3_", 0, 24, _MAJOR, _MINOR, 0, 1, 0, size, 0)
    return entry[:5] + bytes([-sum(entry) % 256]) + entry[6:]
