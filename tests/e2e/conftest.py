# SPDX-License-Identifier: Apache-2.0
"""Real tools against emulated VMs, in folders of their own."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from lab.emulated import emulated_vm
from lab.places import CHECKOUT, build_environment, short_folder

from tests.e2e.shell import TIMEOUT_S, Shell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def shell() -> Iterator[Shell]:
    """A shell in a folder of this test's own."""
    with short_folder() as folder:
        yield Shell(folder)


@pytest.fixture(scope="session")
def start_vm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., str]]:
    """A function that starts an emulated VM with these options, until the end of the run, and returns its endpoint."""
    with ExitStack() as running:

        def start(*options: str) -> str:
            folder = tmp_path_factory.mktemp("vm")
            env = build_environment(folder)
            return running.enter_context(emulated_vm([*options, "--rate-limit", "0"], env=env, log=folder / "log"))

        yield start


@pytest.fixture(scope="session")
def vm(start_vm: Callable[..., str]) -> str:
    """The endpoint of a VM of size Standard_D2s_v3 in zone 1."""
    return start_vm(
        *("--set", "compute.vmSize=Standard_D2s_v3", "--set", "compute.zone=1", "--set", "compute.name=vm-one"),
        *("--tag", "env=prod", "--tag", "Cost Center=47:11"),
    )


@pytest.fixture(scope="session")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist and the wheel built from that sdist: a file missing there is missing here."""
    folder = tmp_path_factory.mktemp("dist")
    _build(sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(CHECKOUT))
    return folder


@pytest.fixture(scope="session")
def wheel(distributions: Path) -> Path:
    """The built wheel."""
    return next(distributions.glob("*.whl"))


@pytest.fixture(scope="session")
def sdist(distributions: Path) -> Path:
    """The built source distribution."""
    return next(distributions.glob("*.tar.gz"))


@pytest.fixture(scope="session")
def installed_wheel(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which the wheel is installed, as into site-packages."""
    target = tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-index", "--no-deps"]
    _build(*pip, "--target", str(target), str(wheel))
    return target


@pytest.fixture(scope="session")
def collection_tarball(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The collection as `ansible-galaxy` packs it."""
    folder = tmp_path_factory.mktemp("galaxy")
    with short_folder() as home:
        source = CHECKOUT / "collections/ansible_collections/azure_imds/facts"
        Shell(home).run_ok("ansible-galaxy", "collection", "build", "--output-path", str(folder), str(source))
    return next(folder.glob("azure_imds-facts-*.tar.gz"))


def _build(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    assert done.returncode == 0, f"{command} failed:\n{done.stdout}\n{done.stderr}"
