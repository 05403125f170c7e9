# SPDX-License-Identifier: Apache-2.0
"""The DMI files of an Azure machine, or of one elsewhere, mounted over those of this machine in a mount namespace."""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Mapping
from pathlib import Path

from .syscalls import MS_BIND, MS_REC, mount

__all__ = ["ASSET_TAG", "build_dmi_files", "build_foreign_dmi_files", "overlay_dmi"]

# The asset tag of every Azure machine (documented by clients that check it).
ASSET_TAG = "7783-7084-3265-9085-8269-3286-77"
_CLASS = Path("/sys/class")
_TABLES = Path("/sys/firmware/dmi")
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
    """Mount files as /sys/class/dmi/id in this mount namespace; return False if that is not permitted."""
    try:
        _overlay_directory(_CLASS / "dmi" / "id", files)
        if _TABLES.is_dir():  # else dmidecode would still describe this machine
            mount("tmpfs", str(_TABLES), kind="tmpfs", options="mode=755")
    except OSError:
        return False
    return True


def _overlay_directory(directory: Path, files: Mapping[str, str]) -> None:
    if directory.is_dir():
        mount("tmpfs", os.path.realpath(directory), kind="tmpfs", options="mode=755")
    else:
        _mount_class_copy()
        directory.mkdir(parents=True)
    for name, content in files.items():
        path = directory / name
        path.write_text(f"{content}\n", encoding="ascii")
        # As in sysfs, only the owner may read the UUID.
        path.chmod(_OWNER_MODE if name == "product_uuid" else _PUBLIC_MODE)


def _mount_class_copy() -> None:
    """Mount a writable directory with the same classes over /sys/class, which is read-only.

    Each class is a bind mount, not a copy, so that the relative links inside still lead to /sys/devices.
    """
    names = [entry.name for entry in _CLASS.iterdir() if entry.is_dir()]
    original = os.open(_CLASS, os.O_PATH | os.O_DIRECTORY)
    try:
        mount("tmpfs", str(_CLASS), kind="tmpfs", options="mode=755")
        for name in names:
            target = _CLASS / name
            target.mkdir()
            mount(f"/proc/self/fd/{original}/{name}", str(target), flags=MS_BIND | MS_REC)
    finally:
        os.close(original)
