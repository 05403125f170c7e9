#!/usr/bin/python
# Copyright: the azure-imds-facts contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Ansible facts module: arguments in, `ansible_facts` out.

The documentation is in azure_imds_facts.yml beside this file, since this file travels to the target in every run.
"""

from __future__ import annotations

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.azure_imds.facts.plugins.module_utils.imds import (
    collector,
    errors,
    facts,
    reporter,
    settings,
    spelling,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn


def build_arguments() -> dict[str, dict[str, Any]]:
    """Return the argument specification. Settings have no defaults here: the target's environment comes before them."""
    arguments: dict[str, dict[str, Any]] = {
        "fail_on": {"type": "str", "choices": ["error", "any", "never"], "default": "error"}
    }
    for name, (kind, choices, _parse, _allowed) in settings.SETTINGS.items():
        argument = {"type": kind, "elements": "str" if kind == "list" else None, "choices": choices}
        arguments["gather_subset" if name == "gather" else name] = {
            key: value for key, value in argument.items() if value
        }
    return arguments


class Module(AnsibleModule, reporter.Reporter):  # type: ignore[misc]  # ansible has no types
    """An AnsibleModule whose every end names its outcome, the refusal of an argument included."""

    def fail_json(self, msg: str, **result: Any) -> NoReturn:
        """Fail, or with `fail_on: never` warn and return that there are no facts."""
        result.setdefault("outcome", "usage")
        if self.params.get("fail_on") == "never":
            self.warn(msg)
            self.exit_json(ansible_facts={"azure_imds_available": False}, **result)
        super().fail_json(msg, **result)
        raise SystemExit(1)  # never reached: the base ends the process


def main() -> None:
    """Run the module."""
    module = Module(build_arguments(), supports_check_mode=True)
    explicit = {("gather" if name == "gather_subset" else name): value for name, value in module.params.items()}
    fail_on = explicit.pop("fail_on")
    try:
        chosen = settings.build_settings(explicit, os.environ)
        snapshot = collector.collect(chosen, open_transport=collector.open_transport, reporter=module)
        spelled = spelling.spell_ansible(facts.build_facts(snapshot, reporter=module), reporter=module)
    except errors.NotAzureError as error:
        if fail_on == "any":
            module.fail_json(str(error), outcome=error.outcome)
        module.exit_json(ansible_facts={"azure_imds_available": False}, outcome=error.outcome)
    except errors.ImdsError as error:
        module.fail_json(str(error), outcome=error.outcome)
    module.exit_json(ansible_facts=spelled, outcome=errors.OK)


if __name__ == "__main__":
    main()
