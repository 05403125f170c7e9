# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the module azure_imds_info, and hide a result that reveals sensitive fields, as `no_log: true` does."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.azure_imds.facts.plugins.plugin_utils.windows import refuse_windows


class ActionModule(ActionBase):  # type: ignore[misc]  # ansible has no types
    """The controller's side of the module. A module cannot hide its own result from callbacks; an action can."""

    _supports_async = True
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the module's result. What was revealed stays in a variable of `register`."""
        refused = refuse_windows(self._connection, "azure_imds.facts.azure_imds_info")
        if refused:
            return refused
        result: dict[str, Any] = super().run(tmp, task_vars)
        if self._task.async_val and self._task.args.get("reveal"):
            # Ansible fetches the result later, without this plugin.
            self._task.no_log = True
        result.update(self._execute_module(task_vars=task_vars, wrap_async=self._task.async_val))
        if result.get("revealed"):
            result["_ansible_no_log"] = True
        return result
