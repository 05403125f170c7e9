# SPDX-License-Identifier: Apache-2.0
"""Runs Windows CPython where 169.254.169.254 is the emulator: what `emulate -- COMMAND` runs, on Linux and as root.

Wine builds its SMBIOS tables from files of the machine: the asset tag from one whose name is misspelt, the UUID from
D-Bus's machine id. Prints JSON, a field for each question.
"""

from __future__ import annotations

import json
import sys
import uuid
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from azure_imds_facts.emulator.control.client import send_changes
from azure_imds_facts.emulator.sandbox.overlay import overlay_file

from tests.windows.wine import Drive, end_server

DMI, MACHINE_ID = Path("/sys/class/dmi/id"), Path("/var/lib/dbus/machine-id")
_LAID: list[Path] = []
OTHER_UUID = "5c08b38e-4d57-4c23-ac45-000000000000"


def main() -> None:
    """Ask."""
    drive = Drive(Path(sys.argv[1]), is_laid=True)
    vm_id = (DMI / "product_uuid").read_text().strip()
    tag = (DMI / "chassis_asset_tag").read_text()
    told: dict[str, Any] = {"vm_id": vm_id}
    try:
        plant(drive)
        told["planted"] = ask(drive, "facts", "--timeout", "2")
        send_changes(sys.argv[2], '{"fault": ""}')  # from here on IMDS answers
        (DMI / "chassis_tag").write_text(tag)
        for name, identity in (("facts", vm_id), ("swapped", swap(vm_id)), ("other", OTHER_UUID)):
            lay_uuid(identity)
            told[name] = ask(drive, "facts")
        lay_uuid(vm_id)
        told["doctor"] = ask(drive, "doctor")
        told["attest"] = ask(drive, "attest")
        (DMI / "chassis_tag").write_text("RACK-07\n")
        told["elsewhere"] = ask(drive, "facts")
    finally:
        end_server()
    print(json.dumps(told))


def plant(drive: Drive) -> None:
    """Lay what an ordinary user could: folders of these names in the root of C:, and the agent's."""
    document = {"ds": {"meta_data": {"imds": {"compute": {"name": "planted", "vmId": OTHER_UUID}, "network": {}}}}}
    for path, content in {
        "run/cloud-init/cloud-id": "azure",
        "run/cloud-init/instance-data.json": json.dumps(document),
        "proc/sys/kernel/random/boot_id": "11111111-2222-4333-8444-555555555555",
        "sys/class/dmi/id/chassis_asset_tag": (DMI / "chassis_asset_tag").read_text(),
        "sys/class/dmi/id/product_uuid": OTHER_UUID,
        "usr/sbin/azure-proxy-agent": "",
        "opt/azcmagent/bin/himds": "",
        "WindowsAzure/planted": "",
    }.items():
        (drive.path / path).parent.mkdir(parents=True, exist_ok=True)
        (drive.path / path).write_text(content)


def lay_uuid(identity: str) -> None:
    """Let firmware say this UUID. The server of Wine is ended, for it may have read the last one."""
    end_server()
    content = uuid.UUID(identity).hex + "\n"
    if _LAID:
        MACHINE_ID.write_text(content)
    else:
        # The file may be missing here; what is written to it from now on stays in this mount namespace.
        overlay_file(MACHINE_ID, content, mode=0o644)
        _LAID.append(MACHINE_ID)


def swap(identity: str) -> str:
    """Return a UUID in the other order of its first three groups."""
    return str(uuid.UUID(bytes=uuid.UUID(identity).bytes_le))


def ask(drive: Drive, *words: str) -> dict[str, Any]:
    """Return what a command answered."""
    done = drive.run("-m", "azure_imds_facts", *words, AZURE_IMDS_TIMEOUT="30")
    return {"code": done.returncode, "output": done.stdout, "messages": done.stderr}


if __name__ == "__main__":
    main()
