# SPDX-License-Identifier: Apache-2.0
"""Files that this machine does not have, laid over in a mount namespace."""

from __future__ import annotations

import os
from pathlib import Path

from .syscalls import mount

__all__ = ["overlay_file"]


def overlay_file(path: Path, content: str, *, mode: int) -> None:
    """Add a file, in a directory whose other files stay as they are. What is written there later is lost in the end.

    Raises:
        OSError: mounting is not permitted.
    """
    directory = path.parent
    while not directory.is_dir():
        directory = directory.parent
    directory = directory.resolve()
    below = Path(os.path.realpath(path)).relative_to(directory)
    original = os.open(directory, os.O_PATH | os.O_DIRECTORY)
    try:
        mount("tmpfs", str(directory), kind="tmpfs", options="mode=755")
        upper, work = directory / "upper", directory / "work"
        for each in (upper, work, (upper / below).parent):
            each.mkdir(mode=0o755, parents=True, exist_ok=True)
        os.chmod(upper, os.fstat(original).st_mode & 0o7777)
        (upper / below).write_text(content, encoding="utf-8")
        (upper / below).chmod(mode)
        options = f"lowerdir=/proc/self/fd/{original},upperdir={upper},workdir={work}"
        mount("overlay", str(directory), kind="overlay", options=options)
    finally:
        os.close(original)
