# SPDX-License-Identifier: Apache-2.0
"""Test facts as the content of the local facts file."""

from __future__ import annotations

import json

from tests.support.command_line import Run
from tests.support.servers import RawServer


def test_json(run: Run, imds: RawServer) -> None:
    """The default is the local facts file's content, with the age."""
    ended = run("facts", "--endpoint", imds.url)
    assert (ended.code, ended.err) == (0, "")
    facts = json.loads(ended.out)
    assert facts["available"] is True
    assert facts["cloud"] == "AzureCloud"
    assert facts["compute"]["vm_size"] == "Standard_D2s_v3"
    assert facts["compute"]["storage_profile_os_disk_disk_size_gb"] == "30"
    assert facts["tags"] == {"Cost Center": "42", "role": "web"}
    assert facts["network"]["mac_address"] == "00:0d:3a:f8:06:ec"
    assert facts["network"]["private_ipv4"] == "10.1.0.4"
    assert facts["network"]["subnet_ipv4"] == "10.1.0.0/24"
    assert facts["snapshot"]["age_seconds"] == 0
    assert facts["snapshot"]["endpoint"] == imds.url
