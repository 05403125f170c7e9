# SPDX-License-Identifier: Apache-2.0
"""What can go wrong before an emulator answers its first request.

EmulatorError
└── NamespaceError      namespaces are not permitted, or a mount or an address was refused
"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["EmulatorError", "NamespaceError", "choices"]


class EmulatorError(Exception):
    """A setting that cannot be followed, told in one line: what, where, and what is allowed."""

    exit_code = 2


class NamespaceError(EmulatorError):
    """The machine does not let us make namespaces; `env` and `timeout` too end with 125 on failures of their own."""

    exit_code = 125


def choices(names: Iterable[object]) -> str:
    """Join allowed values for a message, in their own order."""
    return ", ".join(str(name) for name in names)
