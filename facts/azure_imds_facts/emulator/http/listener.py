# SPDX-License-Identifier: Apache-2.0
"""The listening socket of an emulator."""

from __future__ import annotations

import socket

from azure_imds_facts.emulator.errors import EmulatorError, format_os_error

__all__ = ["IMDS_ADDRESS", "IMDS_PORT", "format_url", "open_listener"]

# The address of IMDS in Azure.
IMDS_ADDRESS, IMDS_PORT = "169.254.169.254", 80


def open_listener(address: str, port: int) -> socket.socket:
    """Listen on an address; port 0 selects a free one.

    Raises:
        EmulatorError: the port is in use, or binding it is not permitted.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((address, port))
        listener.listen(1024)
    except OSError as error:
        listener.close()
        raise EmulatorError(
            f"port {port} on {address}: {format_os_error(error)}; allowed: another --port, or 0 for a free one"
        ) from error
    return listener


def format_url(listener: socket.socket) -> str:
    """Return the URL of a listening socket, without a path."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
