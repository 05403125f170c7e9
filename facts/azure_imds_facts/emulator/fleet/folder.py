# SPDX-License-Identifier: Apache-2.0
"""The folder of a running fleet: a cache for each VM, and a Python by which Ansible's modules meet their own VM."""

from __future__ import annotations

import os
import shlex
import shutil
import tempfile
from typing import TYPE_CHECKING

from azure_imds_facts.emulator.errors import EmulatorError, format_os_error

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .vm import FleetVm

__all__ = ["INTERPRETER", "FleetFolder"]

# What the inventory says of all hosts. Ansible takes one word for an interpreter: no `env VARIABLE=… python3` fits.
INTERPRETER = "{{ inventory_hostname }}/python3"
_SCRIPT = """\
#!/bin/sh
export AZURE_IMDS_ENDPOINT={endpoint} AZURE_IMDS_CACHE_DIR={cache_dir}
exec python3 "$@"
"""


class FleetFolder:
    """A temporary folder, which only its owner may enter, with a folder for each VM. It is made when it is needed."""

    def __init__(self) -> None:
        self._path = ""

    @property
    def path(self) -> str:
        """Where it is."""
        if not self._path:
            self._path = tempfile.mkdtemp(prefix="azure-imds-fleet-")
        return self._path

    def build_cache_dir(self, vm: FleetVm) -> str:
        """Return the cache of a VM, so that facts of emulated VMs get into no other."""
        return f"{self.path}/{vm.name}/cache"

    def write_interpreters(self, vms: Iterable[FleetVm]) -> None:
        """Write a `python3` for each VM, which gives modules the settings that a login there would.

        Raises:
            EmulatorError: the folder cannot be written.
        """
        for vm in vms:
            quoted = {"endpoint": shlex.quote(vm.url), "cache_dir": shlex.quote(self.build_cache_dir(vm))}
            folder = f"{self.path}/{vm.name}"
            try:
                os.makedirs(folder, exist_ok=True)
                with open(f"{folder}/python3", "w", encoding="utf-8") as script:
                    script.write(_SCRIPT.format(**quoted))
                os.chmod(f"{folder}/python3", 0o700)
            except OSError as error:
                raise EmulatorError(f"{folder}: {format_os_error(error)}") from error

    def remove(self) -> None:
        """Remove it, with the caches. A second call does nothing."""
        if self._path:
            shutil.rmtree(self._path, ignore_errors=True)
            self._path = ""
