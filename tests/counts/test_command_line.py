# SPDX-License-Identifier: Apache-2.0
"""What a run of the command line costs, in counts that are the same on every machine; `make bench` has the times.

A count that grows is either a mistake, or worth the change of a number here. What the grain costs is counted in
tests/minions/test_cost.py, what Ansible carries to a target in tests/e2e/test_payload.py.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from azure_imds_facts.emulator import Emulator

# Over those that Python imports to do nothing; a few differ from one Python to another.
# A cached entry is parsed as an answer is: json_body is on the warm path too.
MOST_OF_OURS_WARM, MOST_WARM = 24, 56
MOST_OF_OURS_COLD, MOST_COLD = 27, 112
# Over those that Python makes to do nothing. Most belong to imports: they look through sys.path.
MOST_CALLS_WARM = 800
PROGRAM = str(Path(sys.executable).parent / "azure-imds-facts")


@dataclass(frozen=True)
class Run:
    """One run: the modules that it imported, and the system calls that it made, `[]` where they cannot be traced."""

    modules: set[str]
    calls: list[str]


@dataclass(frozen=True)
class Runs:
    """Python doing nothing, the command without a kept answer and with one, and the requests after each."""

    nothing: Run
    cold: Run
    warm: Run
    requests: tuple[int, int]


@pytest.fixture(name="runs", scope="module")
def _runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    folder = tmp_path_factory.mktemp("counts")
    nothing = [sys.executable, "-c", "pass"]
    run(nothing, folder)  # compiles what is not yet
    with Emulator() as imds:
        command = [PROGRAM, "facts", "--endpoint", imds.url, "--cache-dir"]
        run([*command, str(folder / "compiles")], folder)
        before = len(imds.requests)
        cold = run([*command, str(folder / "cache")], folder)
        between = len(imds.requests)
        warm = run([*command, str(folder / "cache")], folder)
        requests = (between - before, len(imds.requests) - between)
    return Runs(nothing=run(nothing, folder), cold=cold, warm=warm, requests=requests)


def run(words: list[str], folder: Path) -> Run:
    """Run a command once, and return what it imported and its system calls."""
    log = folder / "trace"
    traced = ["strace", "-f", "-qq", "-o", str(log), *words] if shutil.which("strace") else words
    env = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "LC_ALL": "C.UTF-8", "PYTHONPROFILEIMPORTTIME": "1"}
    told = subprocess.run(traced, env=env, capture_output=True, text=True, check=True).stderr
    modules = {line.rpartition("|")[2].strip() for line in told.splitlines() if line.startswith("import time:")}
    calls = log.read_text(errors="replace").splitlines() if log.exists() else []
    # Without those that tell of the imports.
    return Run(modules=modules, calls=[call for call in calls if "write(2," not in call])


def named(calls: list[str], *names: str) -> list[str]:
    """Return the system calls of these names; a line is `PID name(arguments) = result`."""
    return [call for call in calls if re.match(rf"\d+\s+(?:{'|'.join(names)})\(", call)]


def test_requests(runs: Runs) -> None:
    """A cold run makes one request, a warm one none."""
    assert runs.requests == (1, 0)


@pytest.mark.parametrize(
    ("which", "most_of_ours", "most"),
    [("warm", MOST_OF_OURS_WARM, MOST_WARM), ("cold", MOST_OF_OURS_COLD, MOST_COLD)],
)
def test_imports(runs: Runs, which: str, most_of_ours: int, most: int) -> None:
    """No more is imported than the path taken needs."""
    imported = getattr(runs, which).modules - runs.nothing.modules
    ours = {name for name in imported if name.startswith("azure_imds_facts")}
    assert len(ours) <= most_of_ours, sorted(ours)
    assert len(imported) <= most, sorted(imported)


def need_calls(run: Run) -> None:
    """Skip where system calls cannot be traced."""
    if not run.calls:
        pytest.skip("strace is not installed: apt-get install strace")


def test_connections(runs: Runs) -> None:
    """A cold run opens one connection; a warm one no socket at all, and it takes no lock."""
    need_calls(runs.cold)
    assert len([call for call in named(runs.cold.calls, "connect") if "AF_INET" in call]) == 1
    assert named(runs.warm.calls, "socket", "connect", "flock", "clone", "clone3", "fork", "vfork") == []


def test_warm_run_opens_one_file_of_ours(runs: Runs) -> None:
    """Beside the program itself a warm run reads the boot id, and one entry in the cache's directory."""
    need_calls(runs.warm)
    opened = [
        call.split('"')[1] for call in named(runs.warm.calls, "open", "openat") if '"' in call and "= -1" not in call
    ]
    ours = [path for path in opened if Path(path).name in ("boot_id", "cache") or path.endswith(".json")]
    assert [Path(path).name for path in ours] == ["boot_id", "cache", Path(ours[-1]).name]
    assert ours[-1].endswith("_metadata_instance.negotiated.json")


def test_system_calls(runs: Runs) -> None:
    """A warm run makes few system calls over Python's own."""
    need_calls(runs.warm)
    assert len(runs.warm.calls) - len(runs.nothing.calls) <= MOST_CALLS_WARM
