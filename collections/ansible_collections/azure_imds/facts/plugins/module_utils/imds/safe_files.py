# SPDX-License-Identifier: Apache-2.0
"""Files in a directory that others may have prepared: whole files only, and through no link.

Everything is opened relative to a directory that is held open, so that no other can be put in its place.
"""

from __future__ import annotations

import contextlib
import os
import stat

_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


class UnsafeFileError(OSError):
    """A file or directory is not what it should be; the text says why."""


def open_directory(path: str) -> int:
    """Return a descriptor of a directory, links in its last component refused. Raises OSError."""
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY | _NOFOLLOW)


def open_private_directory(path: str) -> int:
    """Return a descriptor of a directory of this user alone, made with mode 0700 where it is missing.

    Raises UnsafeFileError where it belongs to another user or others may enter it, else OSError.
    """
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with contextlib.suppress(FileExistsError):
        os.mkdir(path, 0o700)
    directory = open_directory(path)
    found = os.fstat(directory)
    if found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & 0o077:
        os.close(directory)
        raise UnsafeFileError(f"{path} is not a directory of mode 0700 that belongs to this user")
    return directory


def read_file(directory: int, name: str, *, limit: int) -> bytes | None:
    """Return a file's content, None without such a file.

    Raises UnsafeFileError where it is not a plain file of this user with one link, can be written by others, or is over
    `limit` bytes; OSError where it cannot be read.
    """
    try:
        descriptor = open_plain(directory, name, os.O_RDONLY)
    except FileNotFoundError:
        return None
    with open(descriptor, "rb") as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise UnsafeFileError(f"{name} is over {limit} bytes")
    return content


def write_file(directory: int, name: str, content: bytes, *, mode: int, durable: bool = False) -> None:
    """Replace a file as a whole: readers see the old content or the new. A link at `name` is replaced, not followed.

    `durable`: a power cut leaves one of the two as well.
    Raises OSError; then the old file stands untouched.
    """
    temporary = f".{name}.{os.urandom(6).hex()}.tmp"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NOFOLLOW, mode, dir_fd=directory)
    try:
        with open(descriptor, "wb") as file:
            os.fchmod(descriptor, mode)
            file.write(content)
            file.flush()
            if durable:
                os.fsync(descriptor)
        os.replace(temporary, name, src_dir_fd=directory, dst_dir_fd=directory)
    except BaseException:
        os.unlink(temporary, dir_fd=directory)
        raise
    if durable:
        os.fsync(directory)


def remove_leftovers(directory: int, name: str, *, now: float) -> None:
    """Remove the temporary files of killed writers of `name`; a living one takes milliseconds."""
    for leftover in os.listdir(directory):
        with contextlib.suppress(OSError):  # another writer was faster, or it may not be removed
            is_temporary = leftover.startswith(f".{name}.") and leftover.endswith(".tmp")
            if is_temporary and now - os.stat(leftover, dir_fd=directory, follow_symlinks=False).st_mtime > 60:
                os.unlink(leftover, dir_fd=directory)


def open_lock_file(directory: int, name: str) -> int:
    """Return a descriptor to lock, of a file made where it is missing. Raises UnsafeFileError as `open_plain` does."""
    return open_plain(directory, name, os.O_RDWR | os.O_CREAT)


def open_plain(directory: int, name: str, flags: int) -> int:
    """Return a descriptor of a plain file of this user with one link. Raises UnsafeFileError for any other."""
    # O_NONBLOCK: opening a FIFO would wait for a writer that never comes.
    descriptor = os.open(name, flags | os.O_NONBLOCK | _NOFOLLOW, 0o600, dir_fd=directory)
    found = os.fstat(descriptor)
    wrong = ""
    if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
        wrong = "is not a plain file with one link"
    elif found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & 0o022:
        wrong = "belongs to another user or can be written by others"
    if wrong:
        os.close(descriptor)
        raise UnsafeFileError(f"{name} {wrong}")
    return descriptor
