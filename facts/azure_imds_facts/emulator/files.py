# SPDX-License-Identifier: Apache-2.0
"""Files that an emulator writes where its user says, through no link: another user may have put one there."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from .errors import EmulatorError, format_os_error

__all__ = ["open_log", "write_files"]

# Windows has neither; making a link takes an administrator's right there.
if sys.platform == "win32":
    _NOFOLLOW = 0
else:
    _NOFOLLOW = os.O_NOFOLLOW | os.O_CLOEXEC


def open_log(path: str) -> TextIO:
    """Open a log to append lines to.

    Raises:
        EmulatorError: it cannot be opened, or is a link.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | _NOFOLLOW, 0o666)
    except OSError as error:
        reason = "a symbolic link, which is not followed" if os.path.islink(path) else format_os_error(error)
        raise EmulatorError(f"--log {path}: {reason}") from error
    found = os.fstat(descriptor)
    if stat.S_ISREG(found.st_mode) and found.st_nlink > 1:
        os.close(descriptor)
        raise EmulatorError(f"--log {path}: a file with several hard links is refused")
    return open(descriptor, "a", encoding="utf-8", errors="backslashreplace", buffering=1)


def write_files(directory: Path, contents: Mapping[str, bytes]) -> None:
    """Write files into a directory, which is made where it is missing. A link of a file's name is replaced.

    Raises:
        EmulatorError: a file cannot be written, or the directory is a link.
    """
    if directory.is_symlink():
        raise EmulatorError(f"{directory}: a symbolic link, which is not followed; name the directory itself")
    try:
        directory.mkdir(parents=True, exist_ok=True)
        if sys.platform == "win32":
            for name, content in contents.items():
                (directory / name).write_bytes(content)
            return
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | _NOFOLLOW)
        try:
            for name, content in contents.items():
                _replace(descriptor, name, content)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise EmulatorError(f"{directory}: {format_os_error(error)}") from error


def _replace(directory: int, name: str, content: bytes) -> None:
    temporary = f".{name}.{os.urandom(6).hex()}.tmp"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NOFOLLOW
    with open(os.open(temporary, flags, 0o666, dir_fd=directory), "wb") as file:
        try:
            file.write(content)
            file.flush()
            os.replace(temporary, name, src_dir_fd=directory, dst_dir_fd=directory)
        except BaseException:
            os.unlink(temporary, dir_fd=directory)
            raise
