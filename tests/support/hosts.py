# SPDX-License-Identifier: Apache-2.0
"""Machines as far as a collection looks at them, made of files in a temporary directory."""

from __future__ import annotations

import json
from pathlib import Path

from azure_imds_facts.core.host import AZURE_ASSET_TAG, Host

BOOT_ID = "11111111-2222-4333-8444-555555555555"


def build_host(
    root: Path,
    *,
    tag: str | None = AZURE_ASSET_TAG,
    uuid: str | None = None,
    boot_id: str | None = BOOT_ID,
    copy: object = None,
    with_proxy_agent: bool = False,
) -> Host:
    """Return a host below `root`; what is None cannot be read there. `copy`: what cloud-init keeps of IMDS."""
    dmi = root / "dmi"
    dmi.mkdir(parents=True, exist_ok=True)
    files = {dmi / "chassis_asset_tag": tag, dmi / "product_uuid": uuid, root / "boot_id": boot_id}
    for path, content in files.items():
        path.unlink(missing_ok=True)
        if content is not None:
            path.write_text(f"{content}\n")
    agent = root / "azure-proxy-agent"
    if with_proxy_agent:
        agent.touch()
    if copy is not None:
        (root / "instance-data.json").write_text(json.dumps({"ds": {"meta_data": {"imds": copy}}}))
    return Host(
        dmi_dir=str(dmi),
        cloud_id=str(root / "cloud-id"),
        agent_dir=str(root / "waagent"),
        instance_data=str(root / "instance-data.json"),
        boot_id=str(root / "boot_id"),
        proxy_agent=str(agent),
    )
