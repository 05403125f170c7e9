# SPDX-License-Identifier: Apache-2.0
"""The core, by the name under which this distribution uses it.

Its files lie in the Ansible collection, because only what lies there can be carried to an Ansible target. This package
takes its modules from that directory rather than import `ansible_collections…`, whose half-loaded state would make
Ansible's own loader fail where both run in one process.
"""

from __future__ import annotations

from pathlib import Path

_INSIDE = Path("ansible_collections", "azure_imds", "facts", "plugins", "module_utils", "imds")
# Beside this package in site-packages; in a checkout, and so in an editable install, under collections/.
_ROOTS = (Path(__file__).parents[2], Path(__file__).parents[3] / "collections")

__path__ = [str(root / _INSIDE) for root in _ROOTS if (root / _INSIDE).is_dir()][:1]
