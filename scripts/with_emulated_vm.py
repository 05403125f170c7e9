# SPDX-License-Identifier: Apache-2.0
"""Run a command for which AZURE_IMDS_ENDPOINT is an emulated VM: `python scripts/with_emulated_vm.py COMMAND …`."""

from __future__ import annotations

import subprocess
import sys

from lab.emulated import emulated_vm
from lab.places import CHECKOUT, build_environment, short_folder
from lab.processes import ending_descendants

# Of its two events the second is another VM's as well.
_VM = ["--set", "compute.vmSize=Standard_D2s_v3", "--set", "compute.zone=1", "--tag", "Cost Center=4711"]
_VM += ["--event", "Reboot:notice=1h", "--event", "Redeploy:notice=1h:resources=web-01+another"]


def main(command: list[str]) -> int:
    """Run the command in an environment that writes to a temporary folder only, and return its exit code."""
    with short_folder() as folder, ending_descendants():
        env = build_environment(folder)
        with emulated_vm(_VM, env=env, log=folder / "emulator.log") as endpoint:
            env["AZURE_IMDS_ENDPOINT"] = endpoint
            return subprocess.run(command, env=env, cwd=CHECKOUT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
