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
_NO_MORE_BIOS = (0, 0, 0, 1 << 3, 0x1800, 4, 1, 0xFF, 0xFF, 0)


def build_smbios(files: Mapping[str, str]) -> dict[str, bytes]:
    """Return the files of /sys/firmware/dmi/tables. `files`: those of /sys/class/dmi/id.

    The first three fields of the UUID are little-endian, as the specification wants it since 2.6.
    """
    product_uuid = uuid.UUID(files["product_uuid"]).bytes_le if "product_uuid" in files else _NO_UUID
    bios, system, board, chassis = (_Strings(files) for _ in range(4))
    kind = int(files["chassis_type"])
    structures = [
        # Maker, version, then segment, date, ROM size, characteristics and their extension (UEFI, virtual machine),
        # releases, and a larger ROM's size.
        (0, bios, struct.pack("<BBHBBQHBBBBH", *bios.add("bios_vendor", "bios_version"), *_NO_MORE_BIOS)),
        # Maker, name, version, then serial number, UUID, wake-up by the power switch, SKU, family.
        (
            1,
            system,
            struct.pack(
                "<BBBB16sBBB", *system.add("sys_vendor", "product_name", "product_version"), 0, product_uuid, 6, 0, 0
            ),
        ),
        # Maker, name, then version, serial number, asset tag, hosting board, place, its chassis, motherboard.
        (2, board, struct.pack("<BBBBBBBHBB", *board.add("board_vendor", "board_name"), 0, 0, 0, 1, 0, 3, 10, 0)),
        # Maker, type, version, serial number, asset tag, then three safe states, unknown security, nothing else.
        (
            3,
            chassis,
            struct.pack(
                "<BBBBBBBBBIBBBBB",
                *chassis.add("chassis_vendor"),
                kind,
                0,
                0,
                *chassis.add("chassis_asset_tag"),
                *(3, 3, 3, 2, 0, 0, 0, 0, 0, 0),
            ),
        ),
        (_END_OF_TABLE, _Strings(files), b""),
    ]
    table = b"".join(
        struct.pack("<BBH", number, 4 + len(fields), handle) + fields + strings.encode()
        for handle, (number, strings, fields) in enumerate(structures)
    )
    return {"smbios_entry_point": _build_entry_point(len(table)), "DMI": table}


class _Strings:
    """The strings of a structure, which its fields name by number from 1, 0 for none."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self._files = files
        self._texts: list[str] = []

    def add(self, *names: str) -> list[int]:
        """Add what files say; return the number of each, 0 for one that is not there."""
        numbers = []
        for name in names:
            self._texts += [self._files[name]] if name in self._files else []
            numbers.append(len(self._texts) if name in self._files else 0)
        return numbers

    def encode(self) -> bytes:
        """Return the strings with what ends each, and all."""
        return b"".join(text.encode("ascii") + b"\0" for text in self._texts or [""]) + b"\0"


def _build_entry_point(size: int) -> bytes:
    """Return the 64-bit entry point; all its bytes add up to 0. The table has no address in memory here."""
    entry = struct.pack("<5sBBBBBBBIQ", b"_SM3_", 0, 24, _MAJOR, _MINOR, 0, 1, 0, size, 0)
    return entry[:5] + bytes([-sum(entry) % 256]) + entry[6:]
