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
      - The URL of IMDS. C(http://) with an IP address or C(localhost), and perhaps a port.
      - Defaults to the environment's E(AZURE_IMDS_ENDPOINT), else C(http://169.254.169.254).
    type: str
  api_version:
    description:
      - The api-version to ask for, and no other. Without it, the newest version that both IMDS and this module know.
      - Defaults to the environment's E(AZURE_IMDS_API_VERSION).
    type: str
  timeout:
    description:
      - Seconds for the whole collection, retries included. Load balancer, scheduled events and identity get at most
        five seconds in all.
      - Defaults to the environment's E(AZURE_IMDS_TIMEOUT), else 5.
    type: float
  detect:
    description:
      - V(auto) asks IMDS only if DMI or other signs say that this is an Azure virtual machine.
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
      - The directory of answers, of mode 0700 and owned by the user that the module runs as. An absolute path; C(~) is
        that user's home.
      - Defaults to the environment's E(AZURE_IMDS_CACHE_DIR), else C(/run/azure-imds-facts) for root and
        C($XDG_RUNTIME_DIR/azure-imds-facts) for others. Programs with the same directory share its answers.
    type: path
  gather_subset:
    description:
      - The categories to return, of V(compute), V(network), V(tags), V(load_balancer), V(scheduled_events), V(identity)
        and V(all). A list, or a text with commas. The cloud's name and C(azure_imds_snapshot_*) are always there.
      - A path in IMDS's spelling returns a single value, such as V(compute.vmSize), V(network.privateIpv4) or
        V(compute.storageProfile.osDisk). After V(tags.) comes the name of a tag, with any character but a comma. A
        value that this machine lacks has no fact. Paths keep a fact cache small.
      - V(!network) or V(!compute.plan) leaves a category or a path out of what is before it, or of the default.
      - A play's C(gather_subset) does not reach this module; set it in C(module_defaults).
      - Defaults to the environment's E(AZURE_IMDS_GATHER), else V(compute), V(network) and V(tags).
    type: list
    elements: str
  reveal:
    description:
      - Sensitive fields to include in this answer, of V(user_data), V(custom_data), V(public_keys),
        V(admin_username) and V(disk_encryption). A list, or a text with commas.
      - Defaults to the environment's E(AZURE_IMDS_REVEAL), else none.
    type: list
    elements: str
  fail_on:
    description:
      - V(error) fails if IMDS gives no usable answer.
      - V(any) fails off Azure too.
      - V(never) gives a warning and C(azure_imds_available=false) instead. Choose it in critical fleets.
      - A wrong argument or variable, such as a misspelt category, always fails.
    type: str
    choices: [error, any, never]
    default: error
"""
