# SPDX-License-Identifier: Apache-2.0
"""The socket that an emulator listens on."""

from __future__ import annotations

import socket

from azure_imds_facts.emulator.errors import EmulatorError

__all__ = ["ADDRESS", "PORT", "bind_socket", "spell_url"]

# Where IMDS is in Azure.
ADDRESS, PORT = "169.254.169.254", 80


def bind_socket(bind: str, port: int) -> socket.socket:
    """Listen on an address; port 0 takes a free one.

    Raises:
        EmulatorError: the port is in use, or not ours to take.
    """
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((bind, port))
        listener.listen(1024)
    except OSError as error:
        listener.close()
        reason = (error.strerror or str(error)).lower()
        raise EmulatorError(f"port {port} on {bind}: {reason}; allowed: another --port, or 0 for a free one") from error
    return listener


def spell_url(listener: socket.socket) -> str:
    """Return the URL of a listening socket, without a path."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
