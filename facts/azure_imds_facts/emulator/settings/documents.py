# SPDX-License-Identifier: Apache-2.0
"""Documents that people bring along, read from files."""

from __future__ import annotations

import json
from pathlib import Path

from azure_imds_facts.emulator.errors import EmulatorError

__all__ = ["read_document"]


def read_document(name: str, *, raw: bool) -> object:
    """Read a document from a file: its bytes where it is served raw, else what its JSON says.

    Raises:
        EmulatorError: the file cannot be read, or is not JSON; names the line and column.
    """
    try:
        body = Path(name).read_bytes()
        return body if raw else json.loads(body.decode("utf-8-sig"))
    except OSError as error:
        raise EmulatorError(f"{name}: {(error.strerror or 'cannot be read').lower()}") from error
    except json.JSONDecodeError as error:
        place = f"{name}:{error.lineno}:{error.colno}"
        raise EmulatorError(f"{place}: not JSON ({error.msg}); --raw serves anything as it is") from error
    except UnicodeDecodeError as error:
        raise EmulatorError(f"{name}: not UTF-8 at byte {error.start}; --raw serves anything as it is") from error
    except RecursionError as error:
        raise EmulatorError(f"{name}: nested too deep; --raw serves anything as it is") from error
