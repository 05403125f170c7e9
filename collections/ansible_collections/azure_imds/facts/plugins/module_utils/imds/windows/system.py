# SPDX-License-Identifier: Apache-2.0
"""What Windows itself says of its machine and its start, asked through ctypes, without a subprocess."""

from __future__ import annotations

import struct
import sys

# The provider `RSMB` of GetSystemFirmwareTable: the SMBIOS tables.
_SMBIOS = 0x52534D42
# Real ones have a few kilobytes.
_MOST_BYTES = 1 << 20
# SystemTimeOfDayInformation, and the 48 bytes that it fills since Windows 2000. Its form is not documented.
_TIME_OF_DAY, _TIME_OF_DAY_BYTES = 3, 48
_BOOT_TIME_BIAS_AT = 32


def read_firmware_table() -> bytes:
    """Return the SMBIOS tables behind the head that Windows gives them (RawSMBIOSData), `b""` where it gives none."""
    if sys.platform == "win32":
        import ctypes  # noqa: PLC0415  no other system has these calls

        ask = ctypes.WinDLL("kernel32").GetSystemFirmwareTable
        ask.argtypes = (ctypes.c_uint32, ctypes.c_uint32, ctypes.c_void_p, ctypes.c_uint32)
        ask.restype = ctypes.c_uint32
        size = ask(_SMBIOS, 0, None, 0)
        if 0 < size <= _MOST_BYTES:
            table = ctypes.create_string_buffer(size)
            written = ask(_SMBIOS, 0, table, size)
            return table.raw[:written] if written <= size else b""
    return b""


def read_start() -> int | None:
    """Return when Windows was started, by the clock of that moment: 100 ns since 1601, None where it does not say.

    Windows moves the time of its start whenever the clock is set, and counts by how much; without that it is the same
    until the next start. (What the clock says less GetTickCount64 drifts by seconds, as the clock is adjusted.)
    """
    if sys.platform == "win32":
        import ctypes  # noqa: PLC0415  as above

        ask = ctypes.WinDLL("ntdll").NtQuerySystemInformation
        ask.argtypes = (ctypes.c_uint32, ctypes.c_void_p, ctypes.c_uint32, ctypes.c_void_p)
        ask.restype = ctypes.c_int32
        filled = ctypes.create_string_buffer(_TIME_OF_DAY_BYTES)
        if ask(_TIME_OF_DAY, filled, _TIME_OF_DAY_BYTES, None) == 0:
            return parse_time_of_day(filled.raw)
    return None


def parse_time_of_day(filled: bytes) -> int:
    """Return the time of the start in SYSTEM_TIMEOFDAY_INFORMATION, as the clock said it then."""
    boot_time: int = struct.unpack_from("<q", filled)[0]
    bias: int = struct.unpack_from("<q", filled, _BOOT_TIME_BIAS_AT)[0]
    return boot_time - bias
