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
        arc_agent=str(root / "himds"),
        sockets=str(root / "tcp"),
        users=str(root / "passwd"),
        proxy_agent=str(agent),
    )


def build_arc_host(root: Path, *sockets: str, tag: str | None = "Example rack 7") -> Host:
    """Return a machine with Azure Arc's agent, whose sockets `listening` spelled; none: the agent's own."""
    host = build_host(root, tag=tag, uuid="4c4c4544-0051-3810-8057-b7c04f533532")
    Path(host.arc_agent).write_text("")
    Path(host.users).write_text(
        "root:x:0:0::/root:/bin/sh\nalice:x:1000:1000::/:/bin/sh\nhimds:x:997:995::/:/bin/false\n"
    )
    listen(host, *sockets or (listening(),))
    return host


def listen(host: Host, *sockets: str) -> None:
    """Let these be the sockets of a machine; those at addresses of eight digits are IPv4's."""
    heading = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
    for path, digits in ((host.sockets, 8), (f"{host.sockets}6", 32)):
        lines = [line for line in sockets if line.split()[0].index(":") == digits]
        Path(path).write_text(heading + "".join(f"{number:4}: {line}\n" for number, line in enumerate(lines)))


def listening(uid: int = 997, address: str = "0100007F", *, port: int = 40342, state: str = "0A") -> str:
    """Return a line of /proc/net/tcp about a socket, as Linux 6.1 wrote it."""
    remote = "0" * len(address)
    queues = "00000000:00000000 00:00000000 00000000"
    return f"{address}:{port:04X} {remote}:0000 {state} {queues} {uid:5}        0 14735 1 0000000000000000 100 0 0 10 0"
