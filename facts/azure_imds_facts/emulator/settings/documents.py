# SPDX-License-Identifier: Apache-2.0
"""Documents in JSON files."""

from __future__ import annotations

import json
from pathlib import Path

from azure_imds_facts.emulator.errors import EmulatorError, format_os_error

__all__ = ["read_bytes", "read_json"]


def read_bytes(name: str) -> bytes:
    """Read a file unparsed.

    Raises:
        EmulatorError: the file cannot be read.
    """
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise EmulatorError(f"{name}: {format_os_error(error)}") from error


def read_json(name: str) -> object:
    """Read a JSON file in UTF-8, with or without a byte order mark.

    Raises:
        EmulatorError: the file cannot be read, or is not JSON; names the line and column.
    """
    try:
        return json.loads(read_bytes(name).decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        location = f"{name}:{error.lineno}:{error.colno}"
        raise EmulatorError(f"{location}: not JSON ({error.msg}); --raw serves any file unchanged") from error
    except UnicodeDecodeError as error:
        raise EmulatorError(f"{name}: not UTF-8 at byte {error.start}; --raw serves any file unchanged") from error
    except RecursionError as error:
        raise EmulatorError(f"{name}: nested too deeply; --raw serves any file unchanged") from error
