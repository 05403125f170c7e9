# SPDX-License-Identifier: Apache-2.0
"""System calls that Python lacks, at least in some of the supported versions."""

from __future__ import annotations

import ctypes
import functools
import os

__all__ = [
    "CLONE_NEWNET",
    "CLONE_NEWNS",
    "CLONE_NEWUSER",
    "MS_BIND",
    "MS_PRIVATE",
    "MS_REC",
    "exit_with_parent",
    "mount",
    "unshare",
]

CLONE_NEWNS = 0x00020000
CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
MS_BIND = 4096
MS_REC = 16384
MS_PRIVATE = 1 << 18
_PR_SET_PDEATHSIG = 1


@functools.cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _check(result: int, subject: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), subject)


def unshare(flags: int) -> None:
    """Move this process into new namespaces.

    Raises:
        OSError: it is not permitted.
    """
    _check(_libc().unshare(flags), "unshare")


def mount(source: str, target: str, *, kind: str = "", flags: int = 0, options: str = "") -> None:
    """Mount a file system.

    Raises:
        OSError: it is not permitted, or not possible.
    """
    arguments = (source.encode(), target.encode(), kind.encode() or None)
    _check(_libc().mount(*arguments, ctypes.c_ulong(flags), options.encode() or None), target)


def exit_with_parent(signal_number: int) -> None:
    """Make the kernel send this process a signal when the thread that forked it ends."""
    _check(_libc().prctl(_PR_SET_PDEATHSIG, signal_number), "prctl")
