# SPDX-License-Identifier: Apache-2.0
"""A small BPF program for cgroups: TCP connections to one IPv4 address end at another.

Its source is the instructions below, so that neither a compiler nor a library is needed. Numbers and offsets are those
of the kernel's `linux/bpf.h`, which never change.
"""

from __future__ import annotations

import ctypes
import os
import socket
import struct
import sys

__all__ = ["attach_redirect", "detach_redirect", "load_redirect"]

# The number of the system call, which Python does not have, by machine; elsewhere that of the kernel's generic table.
_SYSCALLS = {"x86_64": 321}
_GENERIC_SYSCALL = 280
_LOAD, _ATTACH, _DETACH = 5, 8, 9
_PROGRAM_TYPE, _CONNECT4 = 18, 10
_ALLOW_MULTIPLE = 2
# struct bpf_sock_addr.
_ADDRESS, _PORT, _PROTOCOL = 4, 24, 36
_ATTRIBUTES_SIZE = 128

Address = tuple[str, int]


def load_redirect(source: Address, target: Address) -> int:
    """Load the program that redirects connections from a source to a target; return its file descriptor.

    Raises:
        OSError: the kernel refuses it, as it does to anybody but root.
    """
    if sys.byteorder != "little":
        raise OSError(0, "the redirect needs a little-endian machine")
    code = ctypes.create_string_buffer(b"".join(_build_instructions(source, target)))
    licence = ctypes.create_string_buffer(b"Apache-2.0")
    count = (len(code) - 1) // 8
    attributes = struct.pack(
        "IIQQIIQII16sII",
        *(_PROGRAM_TYPE, count, ctypes.addressof(code), ctypes.addressof(licence), 0, 0, 0, 0, 0),
        *(b"emulated_agent", 0, _CONNECT4),
    )
    return _bpf(_LOAD, attributes.ljust(_ATTRIBUTES_SIZE, b"\0"))


def attach_redirect(cgroup: int, program: int) -> None:
    """Attach the program to an open cgroup, beside those that are there.

    Raises:
        OSError: it is not permitted.
    """
    _bpf(_ATTACH, struct.pack("IIII", cgroup, program, _CONNECT4, _ALLOW_MULTIPLE))


def detach_redirect(cgroup: int, program: int) -> None:
    """Detach the program.

    Raises:
        OSError: it is not attached.
    """
    _bpf(_DETACH, struct.pack("IIII", cgroup, program, _CONNECT4, 0))


def _build_instructions(source: Address, target: Address) -> list[bytes]:
    leave = 7  # the instructions between the first comparison and the end
    return [
        _instruct(0xBF, to=6, of=1),  # r6 = the socket's address
        _instruct(0x61, to=2, of=6, offset=_PROTOCOL),
        _instruct(0x56, to=2, offset=leave, value=socket.IPPROTO_TCP),  # another protocol: leave it
        _instruct(0x61, to=2, of=6, offset=_ADDRESS),
        _instruct(0x56, to=2, offset=leave - 2, value=_pack_address(source)),
        _instruct(0x61, to=2, of=6, offset=_PORT),
        _instruct(0x56, to=2, offset=leave - 4, value=socket.htons(source[1])),
        _instruct(0x62, to=6, offset=_ADDRESS, value=_pack_address(target)),
        _instruct(0x62, to=6, offset=_PORT, value=socket.htons(target[1])),
        _instruct(0xB7, to=0, value=1),
        _instruct(0xB7, to=0, value=1),  # r0 = 1: let the connection proceed
        _instruct(0x95),
    ]


def _instruct(code: int, *, to: int = 0, of: int = 0, offset: int = 0, value: int = 0) -> bytes:
    """Return one instruction: its code, two registers, an offset and a number."""
    return struct.pack("<BBhI", code, of << 4 | to, offset, value)


def _pack_address(address: Address) -> int:
    return int.from_bytes(socket.inet_aton(address[0]), sys.byteorder)


def _bpf(command: int, attributes: bytes) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    buffer = ctypes.create_string_buffer(attributes, len(attributes))
    number = _SYSCALLS.get(os.uname().machine, _GENERIC_SYSCALL)
    result = int(libc.syscall(number, command, buffer, len(attributes)))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), "bpf")
    return result
