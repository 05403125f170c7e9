#!/usr/bin/python
# Copyright: the azure-imds-facts contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Let a scheduled event start. The documentation is in azure_imds_event_approve.yml beside this file."""

from __future__ import annotations

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.azure_imds.facts.plugins.module_utils.imds.errors import OK, ImdsError
from ansible_collections.azure_imds.facts.plugins.module_utils.imds.events.client import (
    SWITCH_ON_S,
    EventClient,
    find_event,
)
from ansible_collections.azure_imds.facts.plugins.module_utils.imds.events.model import spell_event
from ansible_collections.azure_imds.facts.plugins.module_utils.imds.host import Host, require_azure
from ansible_collections.azure_imds.facts.plugins.module_utils.imds.settings import SETTINGS, build_settings
from ansible_collections.azure_imds.facts.plugins.module_utils.imds.transport import HttpTransport

ARGUMENTS = {
    "event_id": {"type": "str", "required": True},
    "endpoint": {"type": "str"},
    "timeout": {"type": "float"},
    "detect": {"type": "str", "choices": SETTINGS["detect"][1]},
}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(ARGUMENTS, supports_check_mode=True)
    explicit = dict(module.params)
    event_id = explicit.pop("event_id")
    try:
        settings = build_settings(explicit, os.environ, timeout=SWITCH_ON_S)
        require_azure(settings, Host())
        client = EventClient(settings.endpoint, HttpTransport, timeout_s=settings.timeout)
        timeline = client.fetch_timeline()
        event = find_event(event_id, timeline)
        is_new = not event.is_started if module.check_mode else client.approve(event_id, timeline=timeline)
    except ImdsError as error:
        module.fail_json(str(error), outcome=error.outcome)
    module.exit_json(changed=is_new, event=spell_event(event), outcome=OK)


if __name__ == "__main__":
    main()
