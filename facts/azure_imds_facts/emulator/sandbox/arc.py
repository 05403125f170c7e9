# SPDX-License-Identifier: Apache-2.0
"""The signs of Azure Arc's agent, laid over in a mount namespace: its program and its user."""

from __future__ import annotations

import os
from pathlib import Path

from .overlay import overlay_file

__all__ = ["ARC_ADDRESS", "ARC_PORT", "overlay_arc_agent"]

# Where the agent serves, and what clients look for.
ARC_ADDRESS, ARC_PORT = "127.0.0.1", 40342
_PROGRAM, _USERS = Path("/opt/azcmagent/bin/himds"), Path("/etc/passwd")
_SCRIPT = "#!/bin/sh\necho 'the agent of Azure Arc is emulated here' >&2\nexit 1\n"


def overlay_arc_agent() -> None:
    """Add the agent's program and, where this user is not root, the user `himds`: another name of this user's.

    Clients trust a listener of root or of himds alone.

    Raises:
        OSError: mounting is not permitted.
    """
    overlay_file(_PROGRAM, _SCRIPT, mode=0o755)
    if os.geteuid() != 0:
        known = _USERS.read_text(encoding="utf-8", errors="surrogateescape")
        # Last, so that this user's own name stays what `id` says.
        overlay_file(_USERS, f"{known}himds:x:{os.geteuid()}:{os.getegid()}::/:/usr/sbin/nologin\n", mode=0o644)
