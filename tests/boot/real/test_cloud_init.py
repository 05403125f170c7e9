# SPDX-License-Identifier: Apache-2.0
"""Real cloud-init runs our cloud-config at first boot; its own copy of IMDS stands in when IMDS stays away."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from azure_imds_facts.emulator import Emulator

from .commands import run, wait_for
from .conftest import VM_ID
from .guest import UNIT, Guest
from .network import Network
from .test_short import MACHINE

CLOUDY_DEBIAN = "AZURE_IMDS_TEST_DEBIAN_CLOUD_INIT"
# Read now: no test sees a developer's own settings, which have names like this one.
TREE = os.environ.get(CLOUDY_DEBIAN)
SERVER = "http://10.1.0.1:8080"


@pytest.fixture(name="bare")
def _bare(debian: Path, network: Network, tmp_path: Path) -> Iterator[Guest]:
    """A machine with cloud-init and nothing of ours."""
    if not TREE:
        pytest.skip(f"only scripts/test-boot.sh in its long form makes a tree with cloud-init and sets {CLOUDY_DEBIAN}")
    root = tmp_path / "root"
    run("cp", "--archive", "--reflink=auto", TREE, str(root))
    guest = Guest(root, network)
    guest.prepare_network()
    guest.be(uuid=VM_ID)
    (root / "etc/cloud/cloud.cfg.d/99-test.cfg").write_text(
        # There is neither ssh in this tree, whose keys could be made, nor any locale.
        "datasource_list: [NoCloud]\nnetwork: {config: disabled}\nssh_genkeytypes: []\nlocale: false\n",
        encoding="utf-8",
    )
    yield guest
    guest.cut_power()
    run("rm", "-rf", "--one-file-system", str(root))


def give(guest: Guest, user_data: str, **meta_data: object) -> None:
    """Lay what a platform would hand out where cloud-init finds it."""
    seed = guest.root / "var/lib/cloud/seed/nocloud"
    seed.mkdir(parents=True, exist_ok=True)
    (seed / "user-data").write_text(user_data, encoding="utf-8")
    # JSON is YAML.
    (seed / "meta-data").write_text(json.dumps({"instance-id": "i-1", **meta_data}), encoding="utf-8")


@contextlib.contextmanager
def served(directory: Path, network: Network) -> Iterator[None]:
    """Serve a directory at the other end of the cable."""
    words = [sys.executable, "-m", "http.server", "--directory", str(directory), "--bind", "0.0.0.0", "8080"]
    process = subprocess.Popen(
        ["ip", "netns", "exec", network.azure, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        time.sleep(1)  # the guest takes longer to get there
        yield
    finally:
        process.terminate()
        process.wait(timeout=20)


def test_first_boot_and_copy(bare: Guest, network: Network, program: Path) -> None:
    """The cloud-config installs from a URL and enables; later, without IMDS, cloud-init's copy makes the facts."""
    digest = hashlib.sha256(program.read_bytes()).hexdigest()
    flags = ("--url", f"{SERVER}/{program.name}", "--sha256", digest)
    user_data = run(sys.executable, str(program), "export", "cloud-init", *flags).stdout
    copy = Emulator(changes=[("compute.vmId", VM_ID), ("compute.vmSize", "Standard_F8s_v2")]).document
    give(bare, user_data, imds=copy)
    with served(program.parent, network), network.imds(*MACHINE):
        bare.start()
        bare.wait_for_bus()
        result = bare.root / "var/lib/cloud/data/result.json"
        wait_for("cloud-init's end", result.exists, within_s=90, every_s=0.5)
        assert json.loads(result.read_text())["v1"]["errors"] == [], (bare.root / "var/log/cloud-init.log").read_text()
        assert bare.wait_for_service()["Result"] == "success", bare.journal()
        facts = bare.read_with_ansible()
        checked = bare.run("cloud-init", "schema", "--system", check=False)
    assert facts is not None
    assert (facts["compute"]["vm_size"], facts["snapshot"]["source"]) == ("Standard_D2s_v3", "imds")
    assert bare.run("systemctl", "is-enabled", "azure-imds-facts.timer").stdout == "enabled\n"
    assert "Valid" in checked.stdout, checked.stdout + checked.stderr
    bare.shut_down()

    bare.set(AZURE_IMDS_TIMEOUT="5")
    bare.see_own_boot_id()
    bare.facts_file.unlink()
    bare.start()
    assert bare.wait_for_service()["ExecMainStatus"] == "0", bare.journal()
    facts = bare.read_with_ansible()
    assert facts is not None
    assert (facts["compute"]["vm_size"], facts["snapshot"]["source"]) == ("Standard_F8s_v2", "cloud-init")
    assert facts["snapshot"]["vm_id_verified"] is True
    assert UNIT not in bare.run("systemd-analyze", "critical-chain", "multi-user.target", "--no-pager").stdout
