# SPDX-License-Identifier: Apache-2.0
"""The control client: sends changes to a running emulator over its Unix socket."""

from __future__ import annotations

import http.client
import json
import socket

from azure_imds_facts.emulator.errors import EmulatorError, format_os_error, format_value

__all__ = ["send_changes"]

_TIMEOUT_S = 10


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("emulator", timeout=_TIMEOUT_S)
        self._path = path

    def connect(self) -> None:
        """Connect to the path."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def send_changes(path: str, changes: str) -> str:
    """Send changes, as JSON text, to the emulator at a control socket; return its state as JSON text.

    Raises:
        EmulatorError: no emulator listens there, or it rejects the changes.
    """
    connection = _UnixConnection(path)
    try:
        connection.request("POST" if changes else "GET", "/", body=changes.encode())
        response = connection.getresponse()
        body = response.read().decode("utf-8", "replace")
    except OSError as error:
        hint = f"start an emulator with --control {path}, or name the socket of one that runs"
        raise EmulatorError(f"control socket {path}: {format_os_error(error)}; {hint}") from error
    except http.client.HTTPException as error:
        raise EmulatorError(f"control socket {path}: not an emulator: {format_value(error)}") from error
    finally:
        connection.close()
    if response.status != http.client.OK:
        raise EmulatorError(f"control socket {path}: {_read_error(body)}")
    return body.rstrip("\n")


def _read_error(body: str) -> str:
    """Return the error of an emulator, or the beginning of what else listens there sent."""
    try:
        return str(json.loads(body)["error"])
    except (ValueError, TypeError, LookupError):
        return f"no emulator: {format_value(body)}"
