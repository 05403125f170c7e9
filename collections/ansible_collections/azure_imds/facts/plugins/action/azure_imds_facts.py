# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the module azure_imds_facts as Ansible runs any, but on a Windows host say what reads the facts there."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import normal
from ansible_collections.azure_imds.facts.plugins.plugin_utils.windows import refuse_windows


class ActionModule(normal.ActionModule):  # type: ignore[misc]  # ansible has no types
    """The controller's side of the module."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the module's result."""
        refused = refuse_windows(self._connection, "azure_imds.facts.azure_imds_facts")
        if refused:
            return refused
        result: dict[str, Any] = super().run(tmp, task_vars)
        return result
