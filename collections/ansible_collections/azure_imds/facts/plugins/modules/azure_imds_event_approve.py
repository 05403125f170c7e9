#!/usr/bin/python
# Copyright: the azure-imds-facts contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Let a scheduled event start. The documentation is in azure_imds_event_approve.yml beside this file."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.azure_imds.facts.plugins.module_utils.imds import records
from ansible_collections.azure_imds.facts.plugins.module_utils.imds.clock import Deadline
from ansible_collections.azure_imds.facts.plugins.module_utils.imds.errors import OK, ImdsError, RejectedError
from ansible_collections.azure_imds.facts.plugins.module_utils.imds.events.client import (
    SWITCH_ON_S,
    EventClient,
    UnknownEventError,
    check_event_id,
    find_event,
)
from ansible_collections.azure_imds.facts.plugins.module_utils.imds.events.policy import Policy
from ansible_collections.azure_imds.facts.plugins.module_utils.imds.events.spelling import spell_approval, spell_event
from ansible_collections.azure_imds.facts.plugins.module_utils.imds.events.watch import fetch_vm_name
from ansible_collections.azure_imds.facts.plugins.module_utils.imds.host import choose_host
from ansible_collections.azure_imds.facts.plugins.module_utils.imds.reporter import Reporter
from ansible_collections.azure_imds.facts.plugins.module_utils.imds.transport import HttpTransport
from ansible_collections.azure_imds.facts.plugins.module_utils.imds.vm_only import require_azure
from ansible_collections.azure_imds.facts.plugins.module_utils.module_base import (
    ModuleOutcomes,
    build_arguments,
    build_module_settings,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ansible_collections.azure_imds.facts.plugins.module_utils.imds.events.model import Event
    from ansible_collections.azure_imds.facts.plugins.module_utils.imds.settings import Settings

_HINT_UNKNOWN = "The module azure_imds_facts lists the events there are, with gather_subset: scheduled_events."
_HINT_SHARED = "Set approve_shared to true if those are ready as well. Otherwise the event keeps its time."
_HINT_NAME = "With approve_shared set to true this VM's name is not needed."


class Module(ModuleOutcomes, AnsibleModule):  # type: ignore[misc]  # ansible has no types
    """An AnsibleModule that names its outcome."""


def approve(module: Module) -> dict[str, Any]:
    """Approve the event that the arguments name, or in check mode find it. Raises the ImdsError of the outcome."""
    settings = build_module_settings(module.params, timeout=SWITCH_ON_S)
    event_id = check_event_id(module.params["event_id"], name="event_id")
    require_azure(settings, choose_host())
    client = EventClient(settings.endpoint, HttpTransport, timeout_s=settings.timeout)
    deadline = Deadline(settings.timeout, client.clock)
    vm_name = None
    try:
        timeline = client.fetch_timeline()
        event = find_event(event_id, timeline)
        if not (event.is_started or module.params["approve_shared"]):
            vm_name = find_own_name(settings, timeout_s=max(1.0, deadline.remaining))
            require_unshared(event, vm_name)
        is_new = not event.is_started
        if is_new and not module.check_mode:
            is_new = client.approve(event_id, timeline=timeline, timeout_s=max(1.0, deadline.remaining))
    except UnknownEventError as error:
        raise UnknownEventError(error.problem, hint=f"{error.hint} {_HINT_UNKNOWN}") from None
    finally:
        client.close()
    approval = spell_approval(event.event_id, is_new=is_new)
    if module.check_mode:
        approval["approved"] = False
    spelled = spell_event(event, now_s=client.clock.time(), vm_name=vm_name)
    return {"changed": is_new, "event": spelled, **approval}


def find_own_name(settings: Settings, *, timeout_s: float) -> str:
    """Return this VM's name, from the cache as a rule. Raises the ImdsError of the outcome, with what to do without."""
    narrow = records.replace(settings, timeout=timeout_s, gather={"compute": True}, reveal=())
    try:
        return fetch_vm_name(narrow, open_transport=HttpTransport, reporter=Reporter())
    except ImdsError as error:
        problem = f"Which of the event's resources is this VM could not be found out: {error.problem}"
        raise type(error)(problem, hint=_HINT_NAME) from None


def require_unshared(event: Event, vm_name: str) -> None:
    """Raise RejectedError where an event names other VMs than this one: they would go down unprepared."""
    refusal = Policy().refuse_approval(event, vm_name)
    if refusal:
        raise RejectedError(f"Event {event.event_id} was not approved: {refusal}.", hint=_HINT_SHARED)


def main() -> None:
    """Run the module."""
    # What the action group may hold is accepted, since `module_defaults` of the group reach this module as well.
    arguments = {**build_arguments(), "event_id": {"type": "str", "required": True}}
    arguments["approve_shared"] = {"type": "bool", "default": False}
    module = Module(arguments, supports_check_mode=True)
    try:
        result = approve(module)
    except ImdsError as error:
        module.fail_json(str(error), error.outcome)
    else:
        module.exit_json(outcome=OK, **result)


if __name__ == "__main__":
    main()
