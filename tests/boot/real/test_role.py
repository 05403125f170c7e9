# SPDX-License-Identifier: Apache-2.0
"""The collection's role on a machine that runs systemd."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

from .commands import run, wait_for
from .conftest import ROOT, VM_ID
from .guest import UNIT, Guest
from .network import Network

TIMER = "azure-imds-facts.timer"


def play(guest: Guest, *options: str, **variables: object) -> dict[str, int]:
    """Run the role on the guest, with the guest's own Python, and return Ansible's counts."""
    home = guest.root.parent / "role"
    home.mkdir(exist_ok=True)
    # Files go to the same path inside and outside, which a link makes one place.
    outside = Path(f"/var/tmp/azure-imds-facts-role-{os.getpid()}")
    inside = guest.root / outside.relative_to("/")
    inside.mkdir(mode=0o700, exist_ok=True)
    role = {"role": "azure_imds.facts.local_facts", **variables}
    (home / "play.yml").write_text(json.dumps([{"hosts": "guest", "roles": [role]}]))
    extra = {
        "ansible_python_interpreter": str(guest.make_python()),
        "ansible_pipelining": True,
        "ansible_remote_tmp": str(outside),
    }
    outside.symlink_to(inside)
    try:
        done = run(
            *(str(Path(sys.executable).with_name("ansible-playbook")), str(home / "play.yml"), *options),
            *("--inventory", "guest,", "--connection", "local", "--extra-vars", json.dumps(extra)),
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(home),
                "LC_ALL": "C.UTF-8",
                "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"),
            },
            cwd=home,
        )
    finally:
        outside.unlink()
    recap = re.findall(r"(\w+)=(\d+)", done.stdout.rpartition("PLAY RECAP")[2])
    return {name: int(count) for name, count in recap}


def test_role(guest: Guest, network: Network, program: Path) -> None:
    """Check mode, the first run without IMDS, a second run, facts once IMDS is there, and removal leave what they should."""
    guest.enable(TIMER, how="disable")
    for place in (guest.root / "etc/systemd/system").glob("azure-imds-*"):
        run("rm", "-rf", str(place))
    (guest.root / "etc/default/azure-imds-facts").unlink()
    try:
        guest.start()
        guest.wait_for_target()
        assert play(guest, "--check")["changed"] > 0
        assert guest.show(UNIT, "LoadState") == "not-found"
        # Nobody answers yet: the play ends all the same, and the service waits.
        assert play(guest)["changed"] > 0
        assert guest.show(TIMER, "UnitFileState") == "enabled"
        assert guest.show(TIMER, "ActiveState") == "active"
        assert guest.show(UNIT, "ActiveState") == "activating"
        assert play(guest)["changed"] == 0
        with network.imds("--set", f"compute.vmId={VM_ID}", "--tag", "env=prod"):
            wait_for("the facts", guest.facts_file.exists, within_s=30)
        facts = guest.read_with_ansible()
        assert facts is not None
        assert facts["tags"]["env"] == "prod"
        assert play(guest, local_facts_state="absent")["changed"] > 0
        assert guest.show(UNIT, "LoadState") == "not-found"
        assert guest.show(TIMER, "ActiveState") == "inactive"
        left = guest.run("find", "/etc", "/run", "/usr/local/lib", "-xdev", "-name", "azure*imds*").stdout
        assert left == ""
        assert play(guest, local_facts_state="absent")["changed"] == 0
    finally:
        guest.cut_power()
        guest.prepare(program)
