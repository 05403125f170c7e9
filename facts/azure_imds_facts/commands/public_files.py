# SPDX-License-Identifier: Apache-2.0
"""Files that other programs and users read, such as units and Salt's trees."""

from __future__ import annotations

import os

from azure_imds_facts.core.errors import UsageError
from azure_imds_facts.core.safe_files import open_directory, write_file


def write_public_file(path: str, content: str, *, durable: bool = False) -> None:
    """Replace a file as a whole, and make its folders; readable by all whatever the umask.

    `durable`: on disk before this returns. Raises UsageError where it cannot be written.
    """
    folder, name = os.path.split(path)
    before = os.umask(0o022)
    try:
        os.makedirs(folder or ".", exist_ok=True)
        directory = open_directory(folder or ".")
        try:
            write_file(directory, name, content.encode(), mode=0o644, durable=durable)
        finally:
            os.close(directory)
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written: {(error.strerror or str(error)).lower()}.",
            hint="Name a directory that you may write to, or run this as root.",
        ) from None
    finally:
        os.umask(before)
