#!/usr/bin/python
# Copyright: the azure-imds-facts contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible's side of azure-imds-facts: arguments in, `ansible_facts` out."""

from __future__ import annotations

DOCUMENTATION = r"""
module: azure_imds_facts
short_description: Gather facts from Azure's Instance Metadata Service (IMDS)
version_added: 0.1.0
author:
  - The azure-imds-facts contributors (@azure-imds-facts)
description:
  - Asks the Instance Metadata Service of the Azure virtual machine that it runs on, and returns size, zone, fault domain,
    network, tags and more as facts whose names all begin with C(azure_imds_).
  - On a machine that is not an Azure virtual machine it asks nothing and returns C(azure_imds_available=false) without failing.
  - All tools of azure-imds-facts on a machine share one answer on disk, so that a play costs at most one request.
  - User data, custom data, public keys, the administrator's name and the URLs of disk encryption keys are left out unless
    O(reveal) names them.
  - Needs nothing on the target but Python 3.8 or later.
options:
  endpoint:
    description:
      - Where IMDS is. C(http://) with an IP address or C(localhost), and perhaps a port.
      - Defaults to the environment's E(AZURE_IMDS_ENDPOINT), else C(http://169.254.169.254).
    type: str
  api_version:
    description:
      - The api-version to ask for, and no other. Without it the newest that IMDS and this module know is found out.
      - Defaults to the environment's E(AZURE_IMDS_API_VERSION).
    type: str
  timeout:
    description:
      - Seconds for the whole collection, retries included.
      - Defaults to the environment's E(AZURE_IMDS_TIMEOUT), else 5.
    type: float
  detect:
    description:
      - V(auto) asks IMDS only where DMI or other signs on the machine say that it is an Azure virtual machine.
      - V(skip) asks at once.
      - Defaults to the environment's E(AZURE_IMDS_DETECT), else V(auto); with another O(endpoint) V(skip).
    type: str
    choices: [auto, skip]
  cache_ttl:
    description:
      - Seconds for which an answer on disk counts as fresh. 0 asks IMDS anew.
      - Defaults to the environment's E(AZURE_IMDS_CACHE_TTL), else 60.
    type: float
  cache_dir:
    description:
      - The directory for answers, with mode 0700 and owned by the user that the module runs as.
      - Defaults to the environment's E(AZURE_IMDS_CACHE_DIR), else C(/run/azure-imds-facts) for root and
        C($XDG_RUNTIME_DIR/azure-imds-facts) for others.
    type: path
  gather_subset:
    description:
      - The categories of facts to return. The cloud's name and C(azure_imds_snapshot_*) always come along.
      - Defaults to the environment's E(AZURE_IMDS_GATHER), else V(compute), V(network) and V(tags).
    type: list
    elements: str
    choices: [compute, network, tags, load_balancer, scheduled_events, identity, all]
  reveal:
    description:
      - Sensitive fields to include after all, in this answer only.
      - Defaults to the environment's E(AZURE_IMDS_REVEAL), else none.
    type: list
    elements: str
    choices: [user_data, custom_data, public_keys, admin_username, disk_encryption]
  fail_on:
    description:
      - V(error) fails where facts were to be expected and could not be had.
      - V(any) fails on a machine that is not an Azure virtual machine, too.
      - V(never) never fails; there is a warning and C(azure_imds_available=false) instead.
    type: str
    choices: [error, any, never]
    default: error
attributes:
  check_mode:
    description: Can run in check mode, and returns the same facts there.
    support: full
  diff_mode:
    description: Returns what would change; facts change nothing.
    support: none
  facts:
    description: Returns C(ansible_facts).
    support: full
  platform:
    description: The systems that it runs on.
    platforms: posix
    support: full
seealso:
  - name: Azure Instance Metadata Service
    description: Microsoft's page about the service and its fields.
    link: https://learn.microsoft.com/azure/virtual-machines/instance-metadata-service
"""

EXAMPLES = r"""
- name: Gather facts from IMDS
  azure_imds.facts.azure_imds_facts:

- name: Show where this machine runs
  ansible.builtin.debug:
    msg: "{{ ansible_facts.azure_imds_compute_vm_size }} in zone {{ ansible_facts.azure_imds_compute_zone }}"
  when: ansible_facts.azure_imds_available

- name: Gather tags alone, and never fail
  azure_imds.facts.azure_imds_facts:
    gather_subset: [tags]
    fail_on: never

- name: Make a group for each zone
  ansible.builtin.group_by:
    key: "azure_zone_{{ ansible_facts.azure_imds_compute_zone | default('none', true) }}"
  when: ansible_facts.azure_imds_available
"""

RETURN = r"""
outcome:
  description: How the collection ended, one name in every adapter.
  returned: always
  type: str
  sample: ok
ansible_facts:
  description:
    - The facts. Every field of IMDS's C(compute) has one, flat and in snake_case, with IMDS's own value, a string as a rule.
  returned: when the outcome is V(ok) or V(not_azure), or with O(fail_on=never)
  type: dict
  contains:
    azure_imds_available:
      description: Whether there are facts.
      type: bool
      returned: always
      sample: true
    azure_imds_cloud:
      description: The Azure cloud, such as V(AzureCloud), V(AzureUSGovernment), V(AzureChinaCloud) or V(AzureStack).
      type: str
      returned: when the outcome is V(ok)
      sample: AzureCloud
    azure_imds_compute_vm_size:
      description: The machine's size; like it, every other field of C(compute).
      type: str
      returned: when compute is gathered
      sample: Standard_D2s_v3
    azure_imds_network_interface:
      description: The network interfaces as IMDS lists them, keys in snake_case.
      type: list
      elements: dict
      returned: when network is gathered
    azure_imds_network_private_ipv4:
      description: The primary interface's first private IPv4 address, empty where it has none.
      type: str
      returned: when network is gathered
      sample: 10.1.0.4
    azure_imds_tags:
      description: Tag names and values, exactly as they are.
      type: dict
      returned: when tags are gathered
      sample: {"Cost Center": "4711"}
    azure_imds_snapshot_source:
      description: Where the facts came from, V(imds), V(cache), V(stale) or V(cloud-init).
      type: str
      returned: when the outcome is V(ok)
      sample: imds
"""

import os

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.azure_imds.facts.plugins.module_utils.imds.collector import collect
from ansible_collections.azure_imds.facts.plugins.module_utils.imds.errors import OK, ImdsError, NotAzureError
from ansible_collections.azure_imds.facts.plugins.module_utils.imds.facts import build_facts
from ansible_collections.azure_imds.facts.plugins.module_utils.imds.reporter import Reporter
from ansible_collections.azure_imds.facts.plugins.module_utils.imds.settings import CATEGORIES, build_settings
from ansible_collections.azure_imds.facts.plugins.module_utils.imds.redaction import SENSITIVE
from ansible_collections.azure_imds.facts.plugins.module_utils.imds.spelling import spell_ansible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from ansible_collections.azure_imds.facts.plugins.module_utils.imds.transport import Transport

# No defaults here, `fail_on` apart: the environment of the target comes before them.
ARGUMENTS = {
    "endpoint": {"type": "str"},
    "api_version": {"type": "str"},
    "timeout": {"type": "float"},
    "detect": {"type": "str", "choices": ["auto", "skip"]},
    "cache_ttl": {"type": "float"},
    "cache_dir": {"type": "path"},
    "gather_subset": {"type": "list", "elements": "str", "choices": [*CATEGORIES, "all"]},
    "reveal": {"type": "list", "elements": "str", "choices": list(SENSITIVE)},
    "fail_on": {"type": "str", "choices": ["error", "any", "never"], "default": "error"},
}


class Module(AnsibleModule, Reporter):
    """An AnsibleModule whose every end names its outcome, the refusal of an argument included."""

    def fail_json(self, msg: str, **result: Any) -> NoReturn:
        """Fail; or warn and say that there are no facts, where the play asked never to fail."""
        result.setdefault("outcome", "usage")
        if self.params.get("fail_on") == "never":
            self.warn(msg)
            self.exit_json(ansible_facts={"azure_imds_available": False}, **result)
        super().fail_json(msg, **result)


def open_transport() -> Transport:
    """Import the HTTP client only where the cache does not answer."""
    from ansible_collections.azure_imds.facts.plugins.module_utils.imds.http_transport import HttpTransport

    return HttpTransport()


def main() -> None:
    """Run the module."""
    module = Module(ARGUMENTS, supports_check_mode=True)
    explicit = {("gather" if name == "gather_subset" else name): value for name, value in module.params.items()}
    fail_on = explicit.pop("fail_on")
    try:
        snapshot = collect(build_settings(explicit, os.environ), open_transport=open_transport, reporter=module)
        facts = spell_ansible(build_facts(snapshot, reporter=module), reporter=module)
    except NotAzureError as error:
        if fail_on == "any":
            module.fail_json(str(error), outcome=error.outcome)
        module.exit_json(ansible_facts={"azure_imds_available": False}, outcome=error.outcome)
    except ImdsError as error:
        module.fail_json(str(error), outcome=error.outcome)
    module.exit_json(ansible_facts=facts, outcome=OK)


if __name__ == "__main__":
    main()
