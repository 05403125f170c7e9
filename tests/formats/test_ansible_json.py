# SPDX-License-Identifier: Apache-2.0
"""Test facts as those of the Ansible module."""

from __future__ import annotations

import json

from tests.support.command_line import Run
from tests.support.servers import RawServer


def test_ansible(run: Run, imds: RawServer) -> None:
    """Every name has the prefix, and tags are there twice."""
    ansible = json.loads(run("facts", "--endpoint", imds.url, "--format", "ansible").out)
    assert ansible["azure_imds_available"] is True
    assert ansible["azure_imds_tags_cost_center"] == ansible["azure_imds_tags"]["Cost Center"] == "42"
    assert all(name.startswith("azure_imds_") for name in ansible)
