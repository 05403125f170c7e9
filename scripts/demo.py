# SPDX-License-Identifier: Apache-2.0
"""Show the facts of an emulated VM in real Ansible, real Salt and local facts: `make demo`.

Each step prints the command that a user would type, then what it printed. Ends with 1 where a step does not show what
it should. Nothing is left running and nothing is written outside a temporary folder.
"""

from __future__ import annotations

import contextlib
import shlex
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, NoReturn

from lab.emulated import emulated_vm
from lab.places import CHECKOUT, build_environment, short_folder
from lab.processes import NotReadyError, ending_descendants
from lab.salted import reserved_ports, salt_master, salt_minion, write_master_config, write_minion_config

if TYPE_CHECKING:
    from pathlib import Path
    from types import FrameType

_STEP_TIMEOUT_S = 120.0
_VM = [
    *("--set", "compute.name=demo-vm", "--set", "compute.vmSize=Standard_D2s_v3", "--set", "compute.zone=1"),
    *("--tag", "env=demo", "--tag", "Cost Center=4711"),
]


class Demonstration:
    """Types commands into one environment, as a user would into one shell."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = build_environment(folder)

    def tell(self, text: str) -> None:
        """Print a heading."""
        print(f"\n== {text}", flush=True)

    def export(self, name: str, value: str) -> None:
        """Set a variable for the commands that follow."""
        print(f"$ export {name}={shlex.quote(value)}", flush=True)
        self.env[name] = value

    def type(self, command: str, *, shows: str) -> None:
        """Run a command; end the demonstration where it fails or its output lacks `shows`."""
        print(f"$ {command}", flush=True)
        done = subprocess.run(
            shlex.split(command),
            env=self.env,
            cwd=CHECKOUT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_STEP_TIMEOUT_S,
            check=False,
        )
        print(done.stdout, end="", flush=True)
        if done.returncode:
            sys.exit(f"demo: this command failed with {done.returncode}: {command}")
        if shows not in done.stdout:
            sys.exit(f"demo: the output of this command lacks {shows!r}: {command}")


def main() -> None:
    """Run the demonstration."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end)
    try:
        with short_folder() as folder, ending_descendants():
            _demonstrate(Demonstration(folder))
    except KeyboardInterrupt:
        sys.exit(130)
    except (NotReadyError, subprocess.TimeoutExpired) as error:
        sys.exit(f"demo: {error}")


def _demonstrate(shell: Demonstration) -> None:
    print(f"Temporary files, home and caches of this demonstration: {shell.folder}")
    shell.tell("An emulated Azure VM")
    print(f"$ azure-imds-facts emulate --port 0 {shlex.join(_VM)} &", flush=True)
    with emulated_vm(_VM, env=shell.env, log=shell.folder / "emulator.log") as endpoint:
        print(endpoint)
        # A real VM needs no endpoint to be named.
        shell.export("AZURE_IMDS_ENDPOINT", endpoint)
        _show_ansible(shell)
        _show_salt(shell)
        _show_local_facts(shell)
    shell.tell("Done; nothing is left running")


def _show_ansible(shell: Demonstration) -> None:
    shell.tell("Ansible: the module by its short name")
    shell.type("ansible localhost -m azure_imds_facts", shows='"azure_imds_compute_vm_size": "Standard_D2s_v3"')
    shell.tell("Ansible: a play that uses the facts (examples/play.yml)")
    shell.type("ansible-playbook examples/play.yml", shows="demo-vm is a Standard_D2s_v3 in zone 1, tagged env=demo")


def _show_salt(shell: Demonstration) -> None:
    folder = shell.folder / "salt"
    folder.mkdir()
    with reserved_ports() as ports:
        write_master_config(folder, ports=ports)
        write_minion_config(folder, minion_id="demo-minion", master_ports=ports, azure_imds={"timeout": 5})
        shell.tell("Salt: the grain, without a master")
        shell.export("SALT_CONFIG_DIR", str(folder))
        shell.type("salt-call --local grains.get azure_imds:compute:vmSize", shows="Standard_D2s_v3")
        shell.tell("Salt: a master targets its minion by zone")
        print("$ salt-master & salt-minion &", flush=True)
        with salt_master(folder, env=shell.env) as master, salt_minion(folder, env=shell.env) as minion:
            shell.type("salt -G 'azure_imds:compute:zone:1' test.ping", shows="True")
            shell.type("salt -G 'azure_imds:tagPairs:Cost Center=4711' grains.get azure_imds:tags", shows="4711")
            # Each takes seconds to end: let them do so at the same time.
            minion.ask_to_end()
            master.ask_to_end()


def _show_local_facts(shell: Demonstration) -> None:
    directory = shell.folder / "facts.d"
    shell.tell("Local facts: written once, read by plain Ansible without this project")
    with contextlib.suppress(FileExistsError):
        directory.mkdir()
    shell.type(f"azure-imds-facts local-facts --directory {directory}", shows="")
    shell.type(
        f"ansible localhost -m setup -a 'filter=ansible_local fact_path={directory}'",
        shows='"vm_size": "Standard_D2s_v3"',
    )


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    # By way of an exception, so that all that runs is ended on the way out.
    sys.exit(128 + number)


if __name__ == "__main__":
    main()
