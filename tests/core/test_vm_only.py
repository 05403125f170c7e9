# SPDX-License-Identifier: Apache-2.0
"""Test the refusal of what Azure VMs alone have."""

from __future__ import annotations

from pathlib import Path

import pytest
from azure_imds_facts.core.errors import NotAzureError
from azure_imds_facts.core.host import AZURE_ASSET_TAG
from azure_imds_facts.core.settings import Settings, build_settings
from azure_imds_facts.core.vm_only import require_azure

from tests.support.hosts import build_arc_host

ARC_SIGNS = {"IMDS_ENDPOINT": "http://127.0.0.1:40342/metadata/instance", "IDENTITY_ENDPOINT": "http://127.0.0.1:40342"}


def test_azure_arc_has_no_events(tmp_path: Path) -> None:
    """What asks for scheduled events ends as off Azure."""
    with pytest.raises(NotAzureError, match="Azure Arc, which has neither scheduled events"):
        require_azure(Settings(), build_arc_host(tmp_path))


def test_a_vm_has_them(tmp_path: Path) -> None:
    """On an Azure VM nothing is raised, whatever the environment says of Azure Arc."""
    require_azure(build_settings({}, ARC_SIGNS), build_arc_host(tmp_path, tag=AZURE_ASSET_TAG))


def test_elsewhere(tmp_path: Path) -> None:
    """Where the adapters are disabled it ends so too."""
    with pytest.raises(NotAzureError, match="AZURE_IMDS_DISABLED"):
        require_azure(build_settings({}, {"AZURE_IMDS_DISABLED": "1"}), build_arc_host(tmp_path))
