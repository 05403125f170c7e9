#!/usr/bin/python
# Copyright: the azure-imds-facts contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The facts module's data as a return value: arguments in, `metadata` out.

The documentation is in azure_imds_info.yml beside this file.
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
    """Return the result that the module's arguments ask for. Raises the ImdsError of the outcome."""
    chosen = module_base.build_module_settings(module.params)
    snapshot = collector.collect(chosen, open_transport=collector.open_transport, reporter=module)
    metadata = spelling.spell_ansible(facts.build_facts(snapshot, reporter=module), reporter=module)
    # The action plugin hides a result that reveals something.
    return {"metadata": metadata, "revealed": list(chosen.reveal)}


def main() -> None:
    """Run the module."""
    # The process ends soon. Looking for cycles among half a million lists would take longer than all else.
    gc.disable()
    module = Module(module_base.build_arguments(), supports_check_mode=True)
    try:
        result = gather(module)
    except errors.ImdsError as error:
        module.end_without_facts(error, metadata={"azure_imds_available": False}, revealed=[])
    else:
        module.exit_json(outcome=errors.OK, **result)


if __name__ == "__main__":
    main()
