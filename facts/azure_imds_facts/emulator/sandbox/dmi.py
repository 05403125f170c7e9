# SPDX-License-Identifier: Apache-2.0
"""The DMI files and tables of an Azure machine, or of one elsewhere, mounted over those of this machine."""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Mapping
from pathlib import Path

from .smbios import build_smbios
from .syscalls import MS_BIND, MS_REC, mount

__all__ = ["ASSET_TAG", "build_dmi_files", "build_foreign_dmi_files", "overlay_dmi"]

# The asset tag of every Azure machine (documented by clients that check it).
ASSET_TAG = "7783-7084-3265-9085-8269-3286-77"
_CLASS, _FIRMWARE = Path("/sys/class"), Path("/sys/firmware")
# As in sysfs, only the owner may read what has the UUID.
_SECRET = {"product_uuid", "smbios_entry_point", "DMI"}
_PUBLIC_MODE, _OWNER_MODE = 0o444, 0o400


def build_foreign_dmi_files() -> dict[str, str]:
    """Return the files of a machine outside Azure. Its UUID is not the `vmId` that Azure Arc gave it."""
    vendor = "Example Corporation"
    return {
        "bios_vendor": vendor,
        "bios_version": "2.14.1",
        "board_vendor": vendor,
        "chassis_asset_tag": "RACK-07",
        "chassis_type": "23",
        "chassis_vendor": vendor,
        "product_name": "Rack Server",
        "product_uuid": "4c4c4544-0051-3810-8057-b7c04f533532",
        "sys_vendor": vendor,
    }


def build_dmi_files(vm_id: str) -> dict[str, str]:
    """Return the files of /sys/class/dmi/id on a generation 2 machine. An invalid `vmId` gives no product UUID."""
    vendor, release = "Microsoft Corporation", "Hyper-V UEFI Release v4.1"
    files = {
        "bios_vendor": vendor,
        "bios_version": release,
        "board_name": "Virtual Machine",
        "board_vendor": vendor,
        "chassis_asset_tag": ASSET_TAG,
        "chassis_type": "3",
        "chassis_vendor": vendor,
        "product_name": "Virtual Machine",
        "product_version": release,
        "sys_vendor": vendor,
    }
    with contextlib.suppress(ValueError):
        files["product_uuid"] = str(uuid.UUID(vm_id))
    return files


def overlay_dmi(files: Mapping[str, str]) -> bool:
    """Mount files as /sys/class/dmi/id, and the tables that say the same as /sys/firmware/dmi/tables.

    In this mount namespace. Return False if that is not permitted; then programs may still see this machine's.
    """
    contents = {name: f"{content}\n".encode("ascii") for name, content in files.items()}
    has_tables = (_FIRMWARE / "dmi").is_dir()
    try:
        _overlay_directory(_CLASS, "dmi/id", contents)
        if has_tables:
            _overlay_directory(_FIRMWARE, "dmi/tables", build_smbios(files))
    except OSError:
        return False
    if not has_tables:
        with contextlib.suppress(OSError):  # then there are none, neither this machine's nor the emulated one's
            _overlay_directory(_FIRMWARE, "dmi/tables", build_smbios(files))
    return True


def _overlay_directory(top: Path, below: str, contents: Mapping[str, bytes]) -> None:
    """Mount files as a directory below one of sysfs; where it is missing, over a copy of what it would lie in."""
    directory = top / below
    if directory.is_dir():
        mount("tmpfs", os.path.realpath(directory), kind="tmpfs", options="mode=755")
    else:
        _mount_copy(top)
        directory.mkdir(parents=True)
    for name, content in contents.items():
        path = directory / name
        path.write_bytes(content)
        path.chmod(_OWNER_MODE if name in _SECRET else _PUBLIC_MODE)


def _mount_copy(directory: Path) -> None:
    """Mount a writable directory with the same directories over one of sysfs, which is read-only.

    Each is a bind mount, not a copy, so that the relative links inside still lead to /sys/devices.
    """
    names = [entry.name for entry in directory.iterdir() if entry.is_dir()]
    original = os.open(directory, os.O_PATH | os.O_DIRECTORY)
    try:
        mount("tmpfs", str(directory), kind="tmpfs", options="mode=755")
        for name in names:
            target = directory / name
            target.mkdir()
            mount(f"/proc/self/fd/{original}/{name}", str(target), flags=MS_BIND | MS_REC)
    finally:
        os.close(original)
