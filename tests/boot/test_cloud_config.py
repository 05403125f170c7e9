# SPDX-License-Identifier: Apache-2.0
"""The cloud-config of `export cloud-init`: valid, small, and its script does what it says."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml
from azure_imds_facts.core.versions import VERSION
from packaging.markers import Marker

from .conftest import run_command

SHA256 = "0123456789abcdef" * 4
URL = "https://example.com/a/azure-imds-facts.pyz?sig=a%2Fb&x=1"
FORMS = [(), ("--sha256", SHA256), ("--url", URL, "--sha256", SHA256)]
NAMES = ["pypi", "pypi-sha256", "url"]


def read_script(*flags: str) -> str:
    """The shell script in the cloud-config."""
    (words,) = yaml.safe_load(run_command("export", "cloud-init", *flags).stdout)["runcmd"]
    assert words[:2] == ["sh", "-euc"]
    script: str = words[2]
    return script


@pytest.mark.parametrize("flags", FORMS, ids=NAMES)
def test_cloud_init_accepts_it(flags: tuple[str, ...], tmp_path: Path) -> None:
    """`cloud-init schema` finds it valid, and no placeholder is left in it."""
    text = run_command("export", "cloud-init", *flags).stdout
    assert text.startswith("#cloud-config\n")
    assert len(text) < 64 * 1024
    assert not re.findall(r"@[A-Z0-9]+@", text)
    path = tmp_path / "user-data"
    path.write_text(text)
    if shutil.which("cloud-init") is None:
        pytest.skip("cloud-init is missing: apt-get install cloud-init; scripts/test-boot.sh runs it in its machine")
    done = subprocess.run(
        ["cloud-init", "schema", "--config-file", str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("flags", FORMS, ids=NAMES)
def test_script_is_shell(flags: tuple[str, ...], tmp_path: Path) -> None:
    """A shell can read the script, and it ends by enabling the timer."""
    script = read_script(*flags)
    assert subprocess.run(["sh", "-n"], input=script, text=True, check=False).returncode == 0
    assert script.rstrip().splitlines()[-3:] == [
        "/usr/local/bin/azure-imds-facts export systemd /",
        "systemctl daemon-reload",
        "systemctl enable --now azure-imds-facts.timer",
    ]


def test_pypi_form_is_pinned() -> None:
    """The version that wrote the cloud-config is the one that it installs, with the sha256 where that is given."""
    assert f"'azure-imds-facts=={VERSION}'" in read_script()
    assert f"'azure-imds-facts=={VERSION} --hash=sha256:{SHA256}'" in read_script("--sha256", SHA256.upper())


def test_pypi_form_installs_by_hashes(tmp_path: Path) -> None:
    """With a pip that looks into one folder: what has the sums is installed, as wheels and without what is not named."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    own = make_wheel(wheels, "azure-imds-facts", VERSION, needs="requests")
    names = re.findall(r"(?m)^ *([a-z0-9-]+)==(\S+)(?: ; (.+?))? --hash=", read_script())
    wanted = [(name, version) for name, version, marker in names if not marker or Marker(marker).evaluate()]
    assert "requests" in dict(wanted)
    script, sums = read_script("--sha256", own), {}
    for name, version in wanted:
        sums[name] = make_wheel(wheels, name, version)
        script = re.sub(rf"(?m)^(\s*{name}=={re.escape(version)}\b.*--hash=sha256:)\w+$", rf"\g<1>{sums[name]}", script)
    (wheels / "extra-1.0.tar.gz").touch()
    done = install(script, tmp_path / "right", wheels)
    assert done.returncode == 0, done.stdout + done.stderr
    site = next((tmp_path / "right").glob("home/lib/python*/site-packages"))
    assert {path.name.partition("-")[0] for path in site.glob("*.dist-info")} - {"pip", "setuptools"} == {
        "azure_imds_facts", *(name.replace("-", "_") for name in sums)
    }  # fmt: skip
    for changed in (sums["requests"], own):
        done = install(script.replace(changed, SHA256), tmp_path / changed, wheels)
        assert done.returncode != 0
        assert "DO NOT MATCH THE HASHES" in done.stderr
        assert not (tmp_path / changed / "bin/azure-imds-facts").exists()


def make_wheel(folder: Path, name: str, version: str, *, needs: str = "") -> str:
    """Write a wheel that has nothing but its name; return its sha256."""
    spelled = name.replace("-", "_")
    path, info = folder / f"{spelled}-{version}-py3-none-any.whl", f"{spelled}-{version}.dist-info"
    required = f"Requires-Dist: {needs}\n" if needs else ""
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{required}")
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def install(script: str, folder: Path, wheels: Path) -> subprocess.CompletedProcess[str]:
    """Run what installs, with the places of one folder and pip's index in another."""
    script = script.replace("/opt/azure-imds-facts", str(folder / "home")).partition(
        "/usr/local/bin/azure-imds-facts export"
    )[0]
    script = script.replace("/usr/local/bin/azure-imds-facts", str(folder / "bin/azure-imds-facts"))
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(wheels),
        "PIP_CONFIG_FILE": os.devnull,
    }
    return subprocess.run(["sh", "-euc", script], env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("is_right", [True, False])
def test_url_form_checks_the_sum(single_file: Path, tmp_path: Path, is_right: bool) -> None:
    """The file that a URL brings is put in place where its sha256 is right, and else nothing is."""
    digest = hashlib.sha256(single_file.read_bytes()).hexdigest() if is_right else SHA256
    script = read_script("--url", URL, "--sha256", digest.upper())
    program = tmp_path / "bin/azure-imds-facts"
    script = script.replace("/usr/local/bin/azure-imds-facts", str(program)).replace(URL, single_file.as_uri())
    # Of the end only what stays in the directory of the test.
    script = script.replace("export systemd /", f"export systemd {tmp_path}").replace("systemctl", ": systemctl")
    environment = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(["sh", "-euc", script], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode == 0) is is_right, done.stderr
    assert program.exists() is is_right
    assert (tmp_path / "etc/systemd/system/azure-imds-facts.timer").exists() is is_right
    if not is_right:
        assert "nothing was installed" in done.stderr


@pytest.mark.parametrize(
    "flags",
    [
        ("--url", URL),
        ("--sha256", SHA256[:-1]),
        ("--url", "ftp://example.com/x", "--sha256", SHA256),
        ("--url", "https://example.com/'; reboot; '", "--sha256", SHA256),
        ("--url", "https://example.com/a\nb", "--sha256", SHA256),
        ("--url", "file:///etc/passwd", "--sha256", SHA256),
        ("--url", URL, "--sha256", SHA256[:-1]),
        ("--url", URL, "--sha256", "g" * 64),
    ],
)
def test_wrong_flags(flags: tuple[str, ...]) -> None:
    """One without the other, and what would mean something to a shell, is refused."""
    done = run_command("export", "cloud-init", *flags)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("azure-imds-facts: usage: --")
