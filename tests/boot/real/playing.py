# SPDX-License-Identifier: Apache-2.0
"""Run a role of the collection on a guest, with the guest's own Python."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

from .commands import run
from .conftest import ROOT
from .guest import Guest


def play(guest: Guest, *options: str, role: str, **variables: object) -> dict[str, int]:
    """Run a role, and return Ansible's counts."""
    home = guest.root.parent / "role"
    home.mkdir(exist_ok=True)
    # Files go to the same path inside and outside, which a link makes one place.
    outside = Path(f"/var/tmp/azure-imds-facts-role-{os.getpid()}")
    inside = guest.root / outside.relative_to("/")
    inside.mkdir(mode=0o700, exist_ok=True)
    roles = [{"role": f"azure_imds.facts.{role}", **variables}]
    (home / "play.yml").write_text(json.dumps([{"hosts": "guest", "roles": roles}]))
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
