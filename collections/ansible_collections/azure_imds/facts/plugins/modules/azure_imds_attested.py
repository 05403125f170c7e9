#!/usr/bin/python
# Copyright: the azure-imds-facts contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fetch IMDS's signed document. The documentation is in azure_imds_attested.yml beside this file."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.azure_imds.facts.plugins.module_utils.imds.attested import fetch_document
from ansible_collections.azure_imds.facts.plugins.module_utils.imds.errors import OK, ImdsError
from ansible_collections.azure_imds.facts.plugins.module_utils.imds.transport import HttpTransport
from ansible_collections.azure_imds.facts.plugins.module_utils.module_base import (
    ModuleOutcomes,
    build_arguments,
    build_module_settings,
)


class Module(ModuleOutcomes, AnsibleModule):  # type: ignore[misc]  # ansible has no types
    """An AnsibleModule that names its outcome."""


def main() -> None:
    """Run the module."""
    # What the action group may hold is accepted, since `module_defaults` of the group reach this module as well.
    module = Module({**build_arguments(), "nonce": {"type": "str"}}, supports_check_mode=True)
    try:
        settings = build_module_settings(module.params)
        document = fetch_document(settings, module.params["nonce"], open_transport=HttpTransport)
    except ImdsError as error:
        module.fail_json(str(error), error.outcome)
    else:
        module.exit_json(outcome=OK, changed=False, document=document)


if __name__ == "__main__":
    main()
