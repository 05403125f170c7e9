# SPDX-License-Identifier: Apache-2.0
"""What `export systemd` writes, judged by systemd itself."""

from __future__ import annotations

import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from .conftest import run_command

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is missing: apt-get install systemd"
)
UNITS = ("azure-imds-facts.service", "azure-imds-facts.timer", "azure-imds-facts-refresh.timer")
EVENT_UNITS = ("azure-imds-events.service", "azure-imds-event.socket", "azure-imds-event@.service")


@pytest.fixture(name="tree")
def _tree(single_file: Path, tmp_path: Path) -> Path:
    """The tree, for a program that is there."""
    done = run_command("export", "systemd", "--program", str(single_file), str(tmp_path / "tree"))
    assert done.returncode == 0, done.stderr
    return tmp_path / "tree"


def read_values(path: Path, name: str) -> list[str]:
    """Every value that a unit gives a setting."""
    return re.findall(rf"^{name}=(.*)$", path.read_text(), re.MULTILINE)


def test_tree_is_printed_and_complete(tmp_path: Path) -> None:
    """Standard output is the list of what was written, readable by all, whatever the umask."""
    done = run_command("export", "systemd", str(tmp_path))
    paths = [Path(line) for line in done.stdout.splitlines()]
    assert sorted(path.relative_to(tmp_path).as_posix() for path in paths) == [
        "etc/default/azure-imds-events",
        "etc/default/azure-imds-facts",
        *sorted(f"etc/systemd/system/{unit}" for unit in (*UNITS, *EVENT_UNITS)),
        "etc/sysusers.d/azure-imds-events.conf",
    ]
    assert {stat.S_IMODE(path.stat().st_mode) for path in paths} == {0o644}
    assert {stat.S_IMODE(path.parent.stat().st_mode) for path in paths} == {0o755}


@needs_systemd
def test_systemd_accepts_the_units(tree: Path) -> None:
    """`systemd-analyze verify` has nothing to say."""
    units = [str(tree / "etc/systemd/system" / unit) for unit in UNITS]
    done = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False)
    said = [line for line in (done.stdout + done.stderr).splitlines() if "azure-imds-facts" in line]
    assert (done.returncode, said) == (0, [])


@needs_systemd
def test_exposure_is_under_two(tree: Path) -> None:
    """`systemd-analyze security` rates the service below 2.0."""
    unit = tree / "etc/systemd/system/azure-imds-facts.service"
    words = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(unit)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout)
    assert found, done.stderr
    print(f"exposure {found[1]}")
    assert float(found[1]) < 2.0


def test_nothing_waits_for_the_service(tree: Path) -> None:
    """Only the timer can be enabled; it starts the service at once, and neither waits for the network."""
    service, timer, refresh = (tree / "etc/systemd/system" / unit for unit in UNITS)
    assert read_values(service, "WantedBy") == read_values(refresh, "WantedBy") == []
    assert read_values(timer, "WantedBy") == ["timers.target"]
    assert read_values(timer, "OnActiveSec") == ["0"]
    # It would delay the first start as well.
    assert read_values(timer, "RandomizedDelaySec") == []
    assert read_values(refresh, "RandomizedDelaySec") == ["5min"]
    for unit in (service, timer, refresh):
        assert [*read_values(unit, "Requires"), *read_values(unit, "Before")] == []
    # An order, no requirement: where there is no metadata proxy agent it means nothing.
    assert read_values(service, "After") == ["azure-proxy-agent.service"]
    assert read_values(timer, "After") == read_values(refresh, "After") == []
    assert read_values(service, "Wants") == []


def test_service_is_what_the_writer_needs(tree: Path) -> None:
    """The cache outlives a run, `not_azure` is no failure, and two directories are all that can be written to."""
    service = tree / "etc/systemd/system/azure-imds-facts.service"
    expected = {
        "Type": "oneshot",
        "SuccessExitStatus": "3 SIGTERM",
        "RuntimeDirectory": "azure-imds-facts",
        "RuntimeDirectoryMode": "0700",
        "RuntimeDirectoryPreserve": "yes",
        "ProtectSystem": "strict",
        "ReadWritePaths": "/etc/ansible/facts.d -/etc/facter/facts.d -/var/lib/prometheus/node-exporter",
        "IPAddressDeny": "any",
        "IPAddressAllow": "169.254.169.254 localhost",
        "EnvironmentFile": "-/etc/default/azure-imds-facts",
    }
    assert {name: read_values(service, name) for name in expected} == {
        name: [value] for name, value in expected.items()
    }


def test_settings_are_left_alone(tmp_path: Path) -> None:
    """A second export replaces the units and leaves what a user has set."""
    run_command("export", "systemd", str(tmp_path))
    settings = tmp_path / "etc/default/azure-imds-facts"
    options = tmp_path / "etc/default/azure-imds-events"
    service = tmp_path / "etc/systemd/system/azure-imds-facts.service"
    settings.write_text("AZURE_IMDS_GATHER=all\n")
    options.write_text("WATCH_OPTIONS=--approve-on-success\n")
    wanted = service.read_text()
    service.write_text("old")
    done = run_command("export", "systemd", str(tmp_path))
    assert settings.read_text() == "AZURE_IMDS_GATHER=all\n"
    assert options.read_text() == "WATCH_OPTIONS=--approve-on-success\n"
    assert str(settings) not in done.stdout
    assert str(options) not in done.stdout
    assert service.read_text() == wanted


def test_a_drop_in_of_the_older_unit_is_warned_of(tmp_path: Path) -> None:
    """One that has the watch run the command itself, which is not root any more, is named; it stays."""
    folder = tmp_path / "etc/systemd/system/azure-imds-events.service.d"
    folder.mkdir(parents=True)
    (folder / "approve.conf").write_text(
        "[Service]\nExecStart=\nExecStart=/x events --watch --exec /y --approve-on-success\n"
    )
    (folder / "other.conf").write_text("[Service]\nEnvironment=A=--exec\n")
    done = run_command("export", "systemd", str(tmp_path))
    assert done.returncode == 0
    assert "approve.conf starts the watch with --exec" in done.stderr
    assert "other.conf" not in done.stderr
    assert (folder / "approve.conf").exists()


def test_units_of_a_package_are_warned_of(tmp_path: Path) -> None:
    """Where a package has its units, those below etc hide them; without one there is no warning."""
    assert run_command("export", "systemd", str(tmp_path)).stderr == ""
    packaged = tmp_path / "usr/lib/systemd/system/azure-imds-facts.service"
    packaged.parent.mkdir(parents=True)
    packaged.touch()
    done = run_command("export", "systemd", str(tmp_path))
    assert done.returncode == 0
    assert f"a package has installed {packaged}, which the new units hide" in done.stderr


@needs_systemd
def test_sysusers_makes_the_watcher_s_user(tmp_path: Path) -> None:
    """A system user with a group of its own, and no shell."""
    run_command("export", "systemd", str(tmp_path))
    if shutil.which("systemd-sysusers") is None:
        pytest.skip("systemd-sysusers is missing")
    subprocess.run(["systemd-sysusers", "--root", str(tmp_path)], check=True)
    (line,) = (tmp_path / "etc/passwd").read_text().splitlines()
    assert re.fullmatch(r"azure-imds-events:x:\d+:\d+:Watcher of Azure scheduled events:/:\S*/nologin", line)
    assert (tmp_path / "etc/group").read_text().startswith("azure-imds-events:")


def test_default_settings_name_known_variables(tree: Path) -> None:
    """Every variable in /etc/default/azure-imds-facts is one, and all that make sense there are named."""
    from azure_imds_facts.commands.collection import FLAGS  # noqa: PLC0415

    text = (tree / "etc/default/azure-imds-facts").read_text()
    named = re.findall(r"^#(AZURE_IMDS_[A-Z_]+)=", text, re.MULTILINE)
    known = {f"AZURE_IMDS_{name.upper()}" for name, _metavar, _help in FLAGS} | {
        "AZURE_IMDS_DISABLED",
        "AZURE_IMDS_ARC",
        "AZURE_IMDS_LOCAL_FACTS_FORMAT",
    }
    # The unit decides where the cache is.
    assert sorted(named) == sorted(known - {"AZURE_IMDS_CACHE_DIR"})


def test_masked_unit_stays_masked(tmp_path: Path) -> None:
    """A link in a unit's place is not replaced, and nothing else is written."""
    unit = tmp_path / "etc/systemd/system/azure-imds-facts.service"
    unit.parent.mkdir(parents=True)
    unit.symlink_to("/dev/null")
    done = run_command("export", "systemd", str(tmp_path))
    assert done.returncode == 2
    assert "masked" in done.stderr
    assert [path for path in tmp_path.rglob("*") if path.is_file() and not path.is_symlink()] == []


@pytest.mark.parametrize(
    "program", ["azure-imds-facts", "/opt/a b", "/opt/%h", "/opt/$HOME", "/opt/a\nExecStart=/bin/sh", ""]
)
def test_program_is_a_plain_path(program: str, tmp_path: Path) -> None:
    """What systemd would read as something else is refused."""
    done = run_command("export", "systemd", "--program", program, str(tmp_path / "tree"))
    assert done.returncode == 2
    assert done.stderr.startswith("azure-imds-facts: usage: --program cannot be")
    assert not (tmp_path / "tree").exists()


def test_unwritable_directory(tmp_path: Path) -> None:
    """A tree that cannot be written is a message and an exit code, no traceback."""
    (tmp_path / "etc").write_text("a file")
    done = run_command("export", "systemd", str(tmp_path))
    assert done.returncode == 2
    assert "cannot be written: not a directory" in done.stderr
    assert "Traceback" not in done.stderr
