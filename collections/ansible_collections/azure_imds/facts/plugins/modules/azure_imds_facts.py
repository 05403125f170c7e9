#!/usr/bin/python
# Copyright: the azure-imds-facts contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Ansible facts module: arguments in, `ansible_facts` out.

The documentation is in azure_imds_facts.yml beside this file, since this file travels to the target in every run.
"""

from __future__ import annotations

import gc

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.azure_imds.facts.plugins.module_utils import module_base
from ansible_collections.azure_imds.facts.plugins.module_utils.imds import (
    collector,
    errors,
    facts,
    reporter,
    spelling,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Module(module_base.ModuleOutcomes, AnsibleModule, reporter.Reporter):  # type: ignore[misc]  # ansible has no types
    """An AnsibleModule that names its outcome, and receives a collection's messages."""


def gather(module: Module) -> dict[str, Any]:
    """Return the facts that the module's arguments ask for. Raises the ImdsError of the outcome."""
    chosen = module_base.build_module_settings(module.params)
    snapshot = collector.collect(chosen, open_transport=collector.open_transport, reporter=module)
    return spelling.spell_ansible(facts.build_facts(snapshot, reporter=module), reporter=module)


def main() -> None:
    """Run the module."""
    # The process ends soon. Looking for cycles among half a million lists would take longer than all else.
    gc.disable()
    module = Module(module_base.build_arguments(), supports_check_mode=True)
    try:
        gathered = gather(module)
    except errors.ImdsError as error:
        module.end_without_facts(error, ansible_facts={"azure_imds_available": False})
    else:
        module.exit_json(ansible_facts=gathered, outcome=errors.OK)


if __name__ == "__main__":
    main()
