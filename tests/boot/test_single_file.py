# SPDX-License-Identifier: Apache-2.0
"""The single file: small, always the same bytes, and at home on any python3 from 3.8 on."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from azure_imds_facts.emulator import Emulator

from .conftest import ROOT

PYTHONS = ("python3.8", "python3.9", "python3.10", "python3.12", "python3.13", "python3.14")


def find_python(name: str) -> str:
    """Return an interpreter's own path, or skip: a pyenv shim is there for versions that are not selected, too."""
    roots = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    version = name[len("python") :]
    places = [*sorted(map(str, roots.glob(f"{version}.*/bin/python"))), shutil.which(name) or ""]
    for place in filter(None, places):
        if subprocess.run([place, "-c", ""], capture_output=True, check=False).returncode == 0:
            return place
    pytest.skip(f"{name} is not installed")


def run(python: str, single_file: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the file with nothing but an interpreter: no site-packages, no environment, another working directory."""
    return subprocess.run(
        [python, "-I", "-S", "-W", "error", str(single_file), *words],
        env={"PATH": "/usr/bin:/bin"},
        cwd="/",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_size_and_contents(single_file: Path) -> None:
    """It is under 300 KiB and carries the core as a plain package, and no compiled files."""
    print(f"{single_file.stat().st_size} bytes")
    assert single_file.stat().st_size < 300 * 1024
    assert os.access(single_file, os.X_OK)
    names = zipfile.ZipFile(single_file).namelist()
    assert "azure_imds_facts/core/collector.py" in names
    assert not [name for name in names if name.endswith(".pyc") or "emulator" in name]
    assert {"LICENSE", "COPYING"} <= set(names)


def test_same_sources_make_the_same_bytes(single_file: Path, tmp_path: Path) -> None:
    """Neither the time nor the time zone nor the umask shows in it."""
    again = tmp_path / "again.pyz"
    script = f'umask 077; TZ=Asia/Tokyo "{sys.executable}" "{ROOT}/scripts/build-pyz.py" "{again}"'
    subprocess.run(["sh", "-c", script], check=True, capture_output=True)
    assert again.read_bytes() == single_file.read_bytes()


@pytest.mark.parametrize("name", PYTHONS)
def test_another_python_makes_the_same_bytes(name: str, single_file: Path, tmp_path: Path) -> None:
    """Nor does the Python that packs it, nor the folder of the sources."""
    sources, built = tmp_path / "elsewhere", tmp_path / "built.pyz"
    shutil.copytree(ROOT / "facts", sources / "facts", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "collections", sources / "collections", ignore=shutil.ignore_patterns("__pycache__", ".*"))
    (sources / "scripts").mkdir()
    for kept in ("LICENSE", "COPYING", "scripts/build-pyz.py", "scripts/staging.py"):
        shutil.copyfile(ROOT / kept, sources / kept)
    subprocess.run([find_python(name), str(sources / "scripts/build-pyz.py"), str(built)], check=True, stdout=-1)
    assert built.read_bytes() == single_file.read_bytes()


def test_runs_isolated(single_file: Path, tmp_path: Path) -> None:
    """Nothing that lies in HOME, the working directory or PYTHONPATH runs with it."""
    home, version = tmp_path / "home", f"{sys.version_info.major}.{sys.version_info.minor}"
    for folder in (home / f".local/lib/python{version}/site-packages", home):
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("usercustomize.py", "argparse.py", "json.py"):
            (folder / name).write_text('raise SystemExit("planted")')
    bins = tmp_path / "bin"
    bins.mkdir()
    (bins / "python3").symlink_to(sys.executable)
    environment = {"PATH": f"{bins}:/usr/bin:/bin", "HOME": str(home), "PYTHONPATH": str(home)}
    done = subprocess.run(
        [str(single_file), "--version"], env=environment, cwd=home, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.split()[0], done.stderr) == (0, "azure-imds-facts", "")
    environment["PATH"] = str(tmp_path / "none")
    lost = subprocess.run([str(single_file), "--version"], env=environment, capture_output=True, text=True, check=False)
    assert (lost.returncode, lost.stdout) == (2, "")
    assert "there is no python3 on PATH" in lost.stderr


@pytest.mark.parametrize("name", ["python2.7", "python3.6", "python3.7"])
def test_an_old_python_gets_one_line(name: str, single_file: Path) -> None:
    """It says which Python is needed, and ends as wrong usage does."""
    words = [find_python(name), str(single_file), "facts"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert done.stderr.startswith("azure-imds-facts: usage: Python 3.8 or later is needed")


@pytest.mark.parametrize("name", [f"python3.{sys.version_info.minor}", *PYTHONS])
def test_runs_on_a_bare_python(name: str, single_file: Path, emulator: Emulator, tmp_path: Path) -> None:
    """facts, show, get and local-facts all work."""
    python = sys.executable if name.endswith(f".{sys.version_info.minor}") else find_python(name)
    at = ("--endpoint", emulator.url)
    facts = run(python, single_file, "facts", *at)
    assert json.loads(facts.stdout)["compute"]["vm_size"] == emulator.document["compute"]["vmSize"], facts.stderr
    assert emulator.document["compute"]["vmId"] in run(python, single_file, "show", "compute", *at).stdout
    asked = run(python, single_file, "get", "compute/vmId", *at).stdout
    assert asked.strip() == emulator.document["compute"]["vmId"]
    written = run(python, single_file, "local-facts", "--directory", str(tmp_path), *at)
    assert written.returncode == 0, written.stderr
    assert json.loads((tmp_path / "azure_imds.fact").read_text())["available"] is True


def test_exports_what_a_first_boot_needs(single_file: Path, tmp_path: Path) -> None:
    """It brings its own units and cloud-config along."""
    assert run(sys.executable, single_file, "export", "systemd", str(tmp_path)).returncode == 0
    assert (tmp_path / "etc/systemd/system/azure-imds-facts.timer").exists()
    assert run(sys.executable, single_file, "export", "cloud-init").stdout.startswith("#cloud-config\n")


def test_says_what_it_lacks(single_file: Path) -> None:
    """What needs other packages is not offered."""
    done = run(sys.executable, single_file, "--help")
    assert "local-facts" in done.stdout
    assert "emulate" not in done.stdout
    done = run(sys.executable, single_file, "emulate", "--port", "8080")
    assert (done.returncode, done.stdout) == (2, "")
    assert "pip install 'azure-imds-facts[emulator]'" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "ansible-path" not in run(sys.executable, single_file, "export", "--help").stdout
