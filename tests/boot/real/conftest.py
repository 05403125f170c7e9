# SPDX-License-Identifier: Apache-2.0
"""One network and one machine for all boots; each test begins with the machine switched off and without facts."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from .commands import run
from .guest import Guest
from .network import Network

ROOT = Path(__file__).resolve().parents[3]
DEBIAN = "AZURE_IMDS_TEST_DEBIAN"
MEMORY = Path("/dev/shm")
TREE = os.environ.get(DEBIAN)
VM_ID = "13f56399-bd52-4150-9748-7190aae1ff21"


@pytest.fixture(scope="session", name="debian")
def _debian() -> Path:
    """The tree that scripts/test-boot.sh has made."""
    if not TREE:
        pytest.skip(f"a real boot takes root and a Debian tree: run scripts/test-boot.sh, which sets {DEBIAN}")
    return Path(TREE)


@pytest.fixture(scope="session", name="program")
def _program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The single file, built from these sources."""
    path = tmp_path_factory.mktemp("dist") / "azure-imds-facts.pyz"
    run("python3", str(ROOT / "scripts/build-pyz.py"), str(path))
    return path


@pytest.fixture(scope="session", name="network")
def _network(debian: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """The guest's network and Azure's."""
    network = Network(tmp_path_factory.mktemp("network"))
    yield network
    network.close()


@pytest.fixture(scope="session", name="machine")
def _machine(
    debian: Path, network: Network, program: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Guest]:
    """A copy of the tree as a machine."""
    root = tmp_path_factory.mktemp("machine") / "root"
    run("cp", "--archive", "--reflink=auto", str(debian), str(root))
    machine = Guest(root, network)
    machine.prepare(program)
    yield machine
    machine.cut_power()
    run("rm", "-rf", "--one-file-system", str(root))


@pytest.fixture
def guest(machine: Guest) -> Iterator[Guest]:
    """The machine, an Azure VM, switched off and without facts."""
    machine.forget()
    machine.be(uuid=VM_ID)
    yield machine
    machine.cut_power()


@pytest.fixture(scope="session", name="deb")
def _deb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package for Debian, built from these sources."""
    folder = tmp_path_factory.mktemp("packages")
    done = run(sys.executable, str(ROOT / "scripts/build-packages.py"), str(folder), "--only", "deb")
    return Path(done.stdout.strip())


@pytest.fixture
def bare(debian: Path, network: Network, tmp_path: Path) -> Iterator[Guest]:
    """A machine of its own, an Azure VM, switched off, with nothing but Debian on it; in memory where there is room."""
    is_roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > 2**31
    folder = Path(tempfile.mkdtemp(prefix="aif-", dir=MEMORY if is_roomy else tmp_path))
    root = folder / "root"
    run("cp", "--archive", "--reflink=auto", str(debian), str(root))
    machine = Guest(root, network)
    machine.prepare_network()
    machine.be(uuid=VM_ID)
    yield machine
    machine.cut_power()
    run("rm", "-rf", "--one-file-system", str(folder))
