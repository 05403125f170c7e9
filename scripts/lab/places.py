# SPDX-License-Identifier: Apache-2.0
"""Where things are: this checkout, and folders for what the tools write."""

from __future__ import annotations

import contextlib
import os
import shutil
import sysconfig
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECKOUT = Path(__file__).resolve().parents[2]

# A Unix socket's path holds 107 characters, and Salt's names take about 50 of them.
_LONGEST = 40


@contextlib.contextmanager
def short_folder() -> Iterator[Path]:
    """Yield a new temporary folder whose path is short enough for Unix sockets; remove it afterwards."""
    parent = tempfile.gettempdir()
    # resolve(): Salt compares paths as text, and a temporary directory may be a link.
    folder = Path(tempfile.mkdtemp(prefix="aif-", dir=parent if len(parent) <= _LONGEST else "/tmp")).resolve()  # noqa: S108
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def build_environment(folder: Path) -> dict[str, str]:
    """Return an environment in which the tools of this checkout write below `folder` and nowhere else."""
    home = folder / "home"
    home.mkdir(exist_ok=True)
    inherited = {
        name: value
        for name, value in os.environ.items()
        # What a developer has set for Ansible, Salt, Python or us is not to decide what happens here.
        if not name.startswith(("ANSIBLE_", "AZURE_IMDS_", "SALT_", "PYTHON", "PYTEST_", "XDG_"))
    }
    target = os.environ.get("AZURE_IMDS_TEST_TARGET")  # of scripts/test-ansible-matrix.sh
    return {
        **inherited,
        **(choose_target(folder, target) if target else {}),
        "PATH": os.pathsep.join([sysconfig.get_path("scripts"), inherited.get("PATH", os.defpath)]),
        # Ansible reads and writes bytes as the locale says, and refuses one that is not UTF-8.
        "LC_ALL": "C.UTF-8",
        "HOME": str(home),
        "TMPDIR": str(folder),
        "AZURE_IMDS_CACHE_DIR": str(folder / "cache"),
        "ANSIBLE_HOME": str(home / "ansible"),
        "ANSIBLE_LOCAL_TEMP": str(folder / "ansible-local"),
        "ANSIBLE_REMOTE_TMP": str(folder / "ansible-remote"),
        # An inventory is not needed for localhost.
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
    }


def choose_target(folder: Path, python: str) -> dict[str, str]:
    """Return the environment in which Ansible runs modules on localhost with this interpreter.

    It takes an inventory: of a localhost that is in none, Ansible runs modules with its own interpreter.
    """
    inventory = folder / "inventory"
    inventory.write_text(f"localhost ansible_connection=local ansible_python_interpreter={python}\n", encoding="utf-8")
    return {"ANSIBLE_INVENTORY": str(inventory)}
