#!/usr/bin/python
# Copyright: the azure-imds-facts contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Let a scheduled event start. The documentation is in azure_imds_event_approve.yml beside this file."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.azure_imds.facts.plugins.module_utils.imds.errors import OK, ImdsError
from ansible_collections.azure_imds.facts.plugins.module_utils.imds.events.client import (
    SWITCH_ON_S,
    EventClient,
    UnknownEventError,
    check_event_id,
    find_event,
)
from ansible_collections.azure_imds.facts.plugins.module_utils.imds.events.spelling import spell_approval, spell_event
from ansible_collections.azure_imds.facts.plugins.module_utils.imds.host import Host, require_azure
from ansible_collections.azure_imds.facts.plugins.module_utils.imds.transport import HttpTransport
from ansible_collections.azure_imds.facts.plugins.module_utils.module_base import (
    ModuleOutcomes,
    build_arguments,
    build_module_settings,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_HINT_UNKNOWN = "The module azure_imds_facts lists the events there are, with gather_subset: scheduled_events."


class Module(ModuleOutcomes, AnsibleModule):  # type: ignore[misc]  # ansible has no types
    """An AnsibleModule that names its outcome."""


def approve(module: Module) -> dict[str, Any]:
    """Approve the event that the arguments name, or in check mode find it. Raises the ImdsError of the outcome."""
    settings = build_module_settings(module.params, timeout=SWITCH_ON_S)
    event_id = check_event_id(module.params["event_id"], name="event_id")
    require_azure(settings, Host())
    client = EventClient(settings.endpoint, HttpTransport, timeout_s=settings.timeout)
    try:
        timeline = client.fetch_timeline()
        event = find_event(event_id, timeline)
        is_new = not event.is_started if module.check_mode else client.approve(event_id, timeline=timeline)
    except UnknownEventError as error:
        raise UnknownEventError(error.problem, hint=f"{error.hint} {_HINT_UNKNOWN}") from None
    approval = spell_approval(event.event_id, is_new=is_new)
    if module.check_mode:
        approval["approved"] = False
    spelled = spell_event(event, now_s=client.clock.time(), vm_name=None)
    return {"changed": is_new, "event": spelled, **approval}


def main() -> None:
    """Run the module."""
    # What the action group may hold is accepted, since `module_defaults` of the group reach this module as well.
    arguments = {**build_arguments(), "event_id": {"type": "str", "required": True}}
    module = Module(arguments, supports_check_mode=True)
    try:
        result = approve(module)
    except ImdsError as error:
        module.fail_json(str(error), error.outcome)
    else:
        module.exit_json(outcome=OK, **result)


if __name__ == "__main__":
    main()
