# SPDX-License-Identifier: Apache-2.0
"""The DMI files of an emulated machine."""

from __future__ import annotations

import sys

import pytest

if sys.platform != "linux":
    pytest.skip("DMI files are mounted on Linux only", allow_module_level=True)

from azure_imds_facts.emulator.sandbox.dmi import ASSET_TAG, build_dmi_files


def test_files_of_a_machine() -> None:
    """The asset tag is Azure's and the product UUID is the VM id, in lower case."""
    files = build_dmi_files("0F0E0D0C-1111-4222-8333-944445555666")
    assert files["chassis_asset_tag"] == ASSET_TAG == "7783-7084-3265-9085-8269-3286-77"
    assert files["product_uuid"] == "0f0e0d0c-1111-4222-8333-944445555666"
    assert files["sys_vendor"] == "Microsoft Corporation"


@pytest.mark.parametrize("vm_id", ["", "x", "None"])
def test_an_invalid_id_gives_no_uuid(vm_id: str) -> None:
    """A machine without a valid VM id has no product UUID."""
    assert "product_uuid" not in build_dmi_files(vm_id)
