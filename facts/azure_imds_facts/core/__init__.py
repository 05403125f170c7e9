# SPDX-License-Identifier: Apache-2.0
"""The core, by the name under which this distribution uses it.

Its files lie in the Ansible collection, because only what lies there can be carried to an Ansible target. This package
takes its modules from that directory rather than import `ansible_collections…`, whose half-loaded state would make
Ansible's own loader fail where both run in one process.
"""

from __future__ import annotations

import os

_INSIDE = os.path.join("ansible_collections", "azure_imds", "facts", "plugins", "module_utils", "imds")
_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# Beside this package in site-packages; in a checkout, and so in an editable install, under collections/.
_ROOTS = (os.path.dirname(_PACKAGE), os.path.join(os.path.dirname(os.path.dirname(_PACKAGE)), "collections"))

__path__ = [os.path.join(root, _INSIDE) for root in _ROOTS if os.path.isdir(os.path.join(root, _INSIDE))][:1]
