# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules of facts answer for a Windows host, on which no Python module of Ansible runs."""

from __future__ import annotations

from typing import Any

# Of the shells that Ansible knows.
_WINDOWS = ("powershell", "cmd")
_WHERE = "https://github.com/azure-imds/azure-imds-facts/blob/main/docs/windows.md"


def refuse_windows(connection: Any, module: str) -> dict[str, Any] | None:
    """Return the result of a module on a Windows host, a failure; None for any other host."""
    if getattr(getattr(connection, "_shell", None), "SHELL_FAMILY", "") not in _WINDOWS:
        return None
    message = (
        f"{module} does not run on Windows. azure-imds-facts local-facts writes the same facts there, and "
        f"ansible.windows.setup reads them: {_WHERE}"
    )
    return {"failed": True, "msg": message, "outcome": "usage"}
