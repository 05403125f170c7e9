# SPDX-License-Identifier: Apache-2.0
"""Lay the DMI of an Azure machine over this machine's, in a mount namespace of our own."""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Mapping
from pathlib import Path

from .syscalls import MS_BIND, MS_REC, mount

__all__ = ["ASSET_TAG", "describe_dmi", "lay_dmi_over"]

# What every Azure machine carries (documented by clients that look for it).
ASSET_TAG = "7783-7084-3265-9085-8269-3286-77"
_CLASS = Path("/sys/class")
_TABLES = Path("/sys/firmware/dmi")
_READABLE, _SECRET = 0o444, 0o400


def describe_dmi(vm_id: str) -> dict[str, str]:
    """Return the files of /sys/class/dmi/id on a generation 2 machine; without a UUID where `vmId` is none."""
    maker, release = "Microsoft Corporation", "Hyper-V UEFI Release v4.1"
    files = {
        "bios_vendor": maker,
        "bios_version": release,
        "board_name": "Virtual Machine",
        "board_vendor": maker,
        "chassis_asset_tag": ASSET_TAG,
        "chassis_type": "3",
        "chassis_vendor": maker,
        "product_name": "Virtual Machine",
        "product_version": release,
        "sys_vendor": maker,
    }
    with contextlib.suppress(ValueError):
        files["product_uuid"] = str(uuid.UUID(vm_id))
    return files


def lay_dmi_over(files: Mapping[str, str]) -> bool:
    """Show files as /sys/class/dmi/id in this mount namespace; False where the system does not let us."""
    try:
        _lay(_CLASS / "dmi" / "id", files)
        if _TABLES.is_dir():  # else dmidecode would go on telling of this machine
            mount("tmpfs", str(_TABLES), kind="tmpfs", options="mode=755")
    except OSError:
        return False
    return True


def _lay(place: Path, files: Mapping[str, str]) -> None:
    if place.is_dir():
        mount("tmpfs", os.path.realpath(place), kind="tmpfs", options="mode=755")
    else:
        _cover_class()
        place.mkdir(parents=True)
    for name, content in files.items():
        path = place / name
        path.write_text(f"{content}\n", encoding="ascii")
        # As in sysfs: the UUID is for its owner only.
        path.chmod(_SECRET if name == "product_uuid" else _READABLE)


def _cover_class() -> None:
    """Cover /sys/class, in which nothing can be made, with a folder of the same classes.

    Each class is bound, not copied, so that the relative links inside still lead to /sys/devices.
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
