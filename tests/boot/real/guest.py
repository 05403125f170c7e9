# SPDX-License-Identifier: Apache-2.0
"""A Debian that boots with systemd as its process 1, in a container, with our units and the single file in it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from .commands import run, wait_for
from .network import Network

AZURE_TAG = "7783-7084-3265-9085-8269-3286-77"
UNIT = "azure-imds-facts.service"
EVENTS_UNIT = "azure-imds-events.service"
_NSPAWN = (
    # A host that does not run systemd has no place where nspawn could keep its own things; this one is its alone.
    "mkdir -p /run/systemd && mount -t tmpfs tmpfs /run/systemd && exec systemd-nspawn "
    "--boot --register=no --keep-unit --console=pipe --link-journal=no --settings=no --quiet "
    '--capability=CAP_NET_ADMIN "$@"'
)
_NETWORK = """\
[Match]
Name=eth0
[Network]
Address=10.1.0.4/24
Gateway=10.1.0.1
LinkLocalAddressing=no
IPv6AcceptRA=no
"""


class Guest:
    """One machine: `root` is its disk, which stays when it is switched off."""

    def __init__(self, root: Path, network: Network) -> None:
        self.root = root
        self.network = network
        self._process: subprocess.Popen[bytes] | None = None
        self.console = root.parent / "console"
        self.booted_at = 0.0

    @property
    def facts_file(self) -> Path:
        """The local facts file, as seen from outside."""
        return self.root / "etc/ansible/facts.d/azure_imds.fact"

    def prepare(self, program: Path) -> None:
        """Put in what an image would bring: the program, its units, a network card's settings, DMI."""
        self.prepare_network()
        run("install", "-D", str(program), str(self.root / "usr/local/bin/azure-imds-facts"))
        run(sys.executable, str(program), "export", "systemd", str(self.root))
        run("systemd-sysusers", "--root", str(self.root))
        self.enable("azure-imds-facts.timer")

    def remove(self) -> None:
        """Take out what `prepare` put in, but for the program and the network."""
        self.enable("azure-imds-facts.timer", how="disable")
        for folder in ("etc/systemd/system", "etc/default", "etc/sysusers.d"):
            for place in (self.root / folder).glob("azure-imds-*"):
                run("rm", "-rf", str(place))
        run("chroot", str(self.root), "userdel", "azure-imds-events")

    def write_command(self, content: str) -> Path:
        """Write what acts on an event; return where it says what it did."""
        command = self.root / "etc/azure-imds-facts/on-event"
        command.parent.mkdir(exist_ok=True)
        command.write_text(content)
        command.chmod(0o755)
        return self.root / "var/log/on-event"

    def prepare_network(self) -> None:
        """Put in a network card's settings, and a place for DMI."""
        (self.root / "etc/systemd/network/10-eth0.network").write_text(_NETWORK)
        # /sys belongs to the host; what stands for its DMI is laid over it early.
        (self.root / "etc/fstab").write_text("/opt/class /sys/class none bind 0 0\n")
        self.enable("systemd-networkd.service")

    def be(self, *, tag: str = AZURE_TAG, uuid: str) -> None:
        """Have this DMI from the next boot on."""
        dmi = self.root / "opt/class/dmi/id"
        dmi.mkdir(parents=True, exist_ok=True)
        (dmi / "chassis_asset_tag").write_text(f"{tag}\n")
        (dmi / "product_uuid").write_text(f"{uuid}\n")

    def forget(self) -> None:
        """Be as if it had never written facts nor heard of an event, and with default settings."""
        run("rm", "-rf", str(self.root / "etc/ansible"), str(self.root / f"etc/systemd/system/{UNIT}.d"))
        for place in ("etc/azure-imds-facts", "etc/default/azure-imds-events", "var/log/on-event"):
            run("rm", "-rf", str(self.root / place))
        for name in ("facts", "events"):
            run("rm", "-rf", str(self.root / f"var/lib/azure-imds-{name}"))
        self.set()

    def see_own_boot_id(self) -> None:
        """Let the unit see the boot id that nspawn lays over the host's: a /proc of the unit's own would hide it."""
        drop_in = self.root / f"etc/systemd/system/{UNIT}.d/own-boot-id.conf"
        drop_in.parent.mkdir(exist_ok=True)
        drop_in.write_text("[Service]\nProtectKernelTunables=no\nProtectControlGroups=no\nProtectProc=default\n")

    def set(self, **settings: str) -> None:
        """Write /etc/default/azure-imds-facts."""
        path = self.root / "etc/default/azure-imds-facts"
        path.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))

    def start(self, *flags: str, cgroup: Path | None = None) -> None:
        """Switch it on, below a cgroup where one is given, and return when its process 1 runs."""
        self.network.plug()
        self.booted_at = time.time()
        join = ["sh", "-c", f'echo $$ >{cgroup}/cgroup.procs && exec "$@"', "sh"] if cgroup else []
        words = [*join, "unshare", "--mount", "sh", "-c", _NSPAWN, "sh", "--directory", str(self.root)]
        with self.console.open("wb") as console:
            self._process = subprocess.Popen(
                [*words, f"--network-namespace-path=/run/netns/{self.network.guest}", *flags],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
            )
        wait_for("process 1", self._find_leader, within_s=20)

    def wait_for_bus(self) -> None:
        """Wait until it can be asked things."""
        wait_for(
            "systemd in the guest", lambda: self.run("systemctl", "show", check=False).returncode == 0, within_s=30
        )

    def wait_for_target(self) -> float:
        """Wait for multi-user.target; return when it was reached, in seconds after the start."""
        self.wait_for_bus()
        wait_for("multi-user.target", lambda: self.show("multi-user.target", "ActiveState") == "active", within_s=60)
        stamp = self.run(
            "systemctl", "show", "--timestamp=us+utc", "--property=ActiveEnterTimestamp", "multi-user.target"
        )
        moment = run("date", "--date", stamp.stdout.strip().partition("=")[2], "+%s.%N").stdout
        return float(moment) - self.booted_at

    def wait_for_service(self, *, within_s: float = 60) -> dict[str, str]:
        """Wait until the unit has run; return its result, exit code and when it ended."""
        names = ("ActiveState", "Result", "ExecMainStatus", "ExecMainExitTimestampMonotonic", "ExecMainPID")

        def look() -> dict[str, str] | None:
            shown = {name: self.show(UNIT, name) for name in names}
            has_run = shown["ExecMainExitTimestampMonotonic"] not in ("", "0")
            return shown if has_run and shown["ActiveState"] in ("inactive", "failed") else None

        self.wait_for_bus()
        return wait_for("an end of the unit's run", look, within_s=within_s, every_s=0.1)

    def show(self, unit: str, name: str) -> str:
        """Return a property of a unit."""
        return self.run("systemctl", "show", f"--property={name}", "--value", unit).stdout.strip()

    def read_state(self) -> str:
        """Return `running` where the boot is over and nothing has failed."""
        return self.run("systemctl", "is-system-running", check=False).stdout.strip()

    def journal(self) -> str:
        """What the unit said in this boot."""
        return self.run("journalctl", "--boot", "--unit", UNIT, "--output=cat", "--no-pager").stdout

    def read_boot_id(self) -> str:
        """The id of this boot, as the guest sees it."""
        return self.run("cat", "/proc/sys/kernel/random/boot_id").stdout.strip()

    def run(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a program inside."""
        leader = self._find_leader()
        assert leader, self.console.read_text()[-2000:]
        return run("nsenter", "--target", str(leader), "--all", "--", *words, check=check)

    def make_python(self) -> Path:
        """Return a program that is the guest's Python, run inside."""
        python = self.root.parent / "guest-python"
        python.write_text(f'#!/bin/sh\nexec nsenter --target {self._find_leader()} --all -- /usr/bin/python3 "$@"\n')
        python.chmod(0o755)
        return python

    def read_with_ansible(self) -> dict[str, Any] | None:
        """Return `ansible_local.azure_imds` as Ansible's own setup, run by the guest's Python, finds it; None: absent."""
        python = self.make_python()
        home = self.root.parent / "ansible"
        home.mkdir(exist_ok=True)
        done = run(
            *(
                str(Path(sys.executable).with_name("ansible")),
                "guest",
                "--inventory",
                "guest,",
                "--connection",
                "local",
            ),
            *("--module-name", "ansible.builtin.setup", "--args", "filter=ansible_local"),
            *("--extra-vars", json.dumps({"ansible_python_interpreter": str(python), "ansible_pipelining": True})),
            env={"PATH": os.environ["PATH"], "HOME": str(home), "LC_ALL": "C.UTF-8"},
            cwd=home,
        )
        facts = json.loads(done.stdout.partition("=> ")[2])["ansible_facts"]
        found: dict[str, Any] | None = facts["ansible_local"].get("azure_imds")
        return found

    def cut_power(self) -> None:
        """End everything in it at once."""
        leader = self._find_leader()
        if leader:
            os.kill(leader, signal.SIGKILL)
        self._end()

    def shut_down(self) -> None:
        """Switch it off in good order."""
        self.run("systemctl", "poweroff", "--no-block")
        self._end()

    def enable(self, unit: str, *, how: str = "enable") -> None:
        """Have a unit start at boot; or not any more, with `how="disable"`."""
        run("systemctl", "--root", str(self.root), how, unit)

    def _end(self) -> None:
        if self._process:
            self._process.wait(timeout=60)
        self._process = None

    def _find_leader(self) -> int | None:
        if not self._process:
            return None
        pid = self._process.pid
        try:
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        except OSError:
            return None
        is_nspawn = Path(f"/proc/{pid}/comm").read_text().strip() == "systemd-nspawn"
        return int(children[-1]) if is_nspawn and children else None
