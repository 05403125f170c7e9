# SPDX-License-Identifier: Apache-2.0
"""The asset tag and the UUID in SMBIOS tables, as Windows hands them out.

Source: the System Management BIOS reference specification (DMTF DSP0134), and for the head Microsoft's page
"GetSystemFirmwareTable function" (RawSMBIOSData).
"""

from __future__ import annotations

import struct

from .. import records

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# One byte about the method, major and minor version, revision, then the size of the tables.
_HEAD = struct.Struct("<BBBBI")
_SYSTEM, _CHASSIS, _END = 1, 3, 127
# Where these stand in their structures.
_UUID_AT, _UUID_BYTES, _ASSET_TAG_AT = 8, 16, 8
# Since this version the first three fields of a UUID are little-endian.
_LITTLE_ENDIAN_SINCE = (2, 6)


@records.record
class Identity:
    """What the firmware says of a machine: its chassis asset tag and its UUID, `""` where it does not."""

    asset_tag: str = ""
    product_uuid: str = ""


def parse_firmware(content: bytes) -> Identity:
    """Return what is in RawSMBIOSData, of which nothing has to be right. The first structure of a kind counts."""
    if len(content) < _HEAD.size:
        return Identity()
    _method, major, minor, _revision, size = _HEAD.unpack_from(content)
    structures: dict[int, tuple[bytes, list[bytes]]] = {}
    for kind, fields, strings in _split(content[_HEAD.size : _HEAD.size + size]):
        structures.setdefault(kind, (fields, strings))
    system, _strings = structures.get(_SYSTEM, (b"", []))
    chassis, strings = structures.get(_CHASSIS, (b"", []))
    return Identity(
        asset_tag=_pick(strings, chassis[_ASSET_TAG_AT : _ASSET_TAG_AT + 1]),
        product_uuid=_spell_uuid(
            system[_UUID_AT : _UUID_AT + _UUID_BYTES], is_swapped=(major, minor) >= _LITTLE_ENDIAN_SINCE
        ),
    )


def _split(table: bytes) -> Iterator[tuple[int, bytes, list[bytes]]]:
    """Yield the kind, the fields and the strings of each structure, up to the first that is cut."""
    place = 0
    while place + 4 <= len(table):
        kind, size = table[place], table[place + 1]
        end = table.find(b"\0\0", place + size)
        if kind == _END or size < 4 or end < 0:
            return
        yield kind, table[place : place + size], table[place + size : end].split(b"\0")
        place = end + 2


def _pick(strings: list[bytes], number: bytes) -> str:
    """Return the string that a field names by number from 1."""
    named = [text for place, text in enumerate(strings, 1) if bytes([place & 0xFF]) == number]
    return named[0].decode("utf-8", "replace").strip() if named else ""


def _spell_uuid(value: bytes, *, is_swapped: bool) -> str:
    """Return a UUID in lower case, `""` for one that is cut or names no machine: one digit repeated."""
    digits = value.hex()
    if len(value) != _UUID_BYTES or len(set(digits)) == 1:
        return ""
    first, second, third = value[:4], value[4:6], value[6:8]
    if is_swapped:
        first, second, third = first[::-1], second[::-1], third[::-1]
    return "-".join(part.hex() for part in (first, second, third, value[8:10], value[10:]))
