# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that all modules of the action group azure_imds.facts.azure_imds take."""

from __future__ import annotations


class ModuleDocFragment:
    """What `extends_documentation_fragment: azure_imds.facts.settings` stands for."""

    DOCUMENTATION = r"""
options:
  endpoint:
    description:
      - Where IMDS is. C(http://) with an IP address or C(localhost), and perhaps a port.
      - Defaults to the environment's E(AZURE_IMDS_ENDPOINT), else C(http://169.254.169.254).
    type: str
  api_version:
    description:
      - The api-version to ask for, and no other. Without it, the newest version that both IMDS and this module know.
      - Defaults to the environment's E(AZURE_IMDS_API_VERSION).
    type: str
  timeout:
    description:
      - Seconds for the whole collection, retries included. What is gathered beside the instance (load balancer,
        scheduled events, identity) gets at most five seconds in all.
      - Defaults to the environment's E(AZURE_IMDS_TIMEOUT), else 5.
    type: float
  detect:
    description:
      - V(auto) asks IMDS only where DMI or other signs on the machine say that it is an Azure virtual machine.
      - V(skip) asks at once.
      - Defaults to the environment's E(AZURE_IMDS_DETECT), else V(auto); with another O(endpoint) V(skip).
    type: str
  cache_ttl:
    description:
      - Seconds for which an answer on disk counts as fresh. 0 fetches fresh data.
      - Defaults to the environment's E(AZURE_IMDS_CACHE_TTL), else 60.
    type: float
  cache_dir:
    description:
      - The directory for answers, with mode 0700 and owned by the user that the module runs as. An absolute path;
        C(~) is that user's home.
      - Defaults to the environment's E(AZURE_IMDS_CACHE_DIR), else C(/run/azure-imds-facts) for root and
        C($XDG_RUNTIME_DIR/azure-imds-facts) for others. Who uses the same directory shares the answers in it.
    type: path
  gather_subset:
    description:
      - The categories to return, of V(compute), V(network), V(tags), V(load_balancer), V(scheduled_events), V(identity)
        and V(all). A list, or a text with commas. The cloud's name and C(azure_imds_snapshot_*) always come along.
      - A path in IMDS's own spelling instead of a category returns what it names alone, V(compute.vmSize),
        V(network.privateIpv4) or V(compute.storageProfile.osDisk) for instance. After V(tags.) comes the name of a tag,
        whatever is in it but a comma. What this machine lacks has no fact. For those who want a few values, in a fact
        cache above all.
      - V(!network) or V(!compute.plan) leaves a category or a path out of what stands before it, or of the default.
      - A play's C(gather_subset) is not handed on to this module; set it in C(module_defaults).
      - Defaults to the environment's E(AZURE_IMDS_GATHER), else V(compute), V(network) and V(tags).
    type: list
    elements: str
  reveal:
    description:
      - Sensitive fields to include after all, in this answer only, of V(user_data), V(custom_data), V(public_keys),
        V(admin_username) and V(disk_encryption). A list, or a text with commas.
      - Defaults to the environment's E(AZURE_IMDS_REVEAL), else none.
    type: list
    elements: str
  fail_on:
    description:
      - V(error) fails where there is an answer to be expected and none could be had.
      - V(any) fails on a machine that is not an Azure virtual machine, too.
      - V(never) does not fail for lack of an answer; there is a warning and C(azure_imds_available=false) instead.
        Choose it in mixed or critical fleets.
      - An argument or variable that is wrong, a misspelt category for instance, fails whatever stands here.
    type: str
    choices: [error, any, never]
    default: error
"""
