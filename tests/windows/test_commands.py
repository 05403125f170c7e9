# SPDX-License-Identifier: Apache-2.0
"""Each command on Windows, with each of its flags: it works, or says in one line why it does not."""

from __future__ import annotations

import fnmatch
import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import tomllib
from azure_imds_facts.cli import COMMANDS
from azure_imds_facts.emulator import Emulator

from .wine import ROOT, Drive

FOLDER = "C:\\every"
# What makes no sense on Windows: words → what is said. All end as `usage`.
REFUSED = {
    "export salt": "writes files for Linux",
    "export systemd": "writes files for Linux",
    "export proxy-agent-rules": "writes files for Linux",
    "events --exec": "is not for Windows",
    "events --hand-over": "is not for Windows",
    "events --take-over": "is not for Windows",
    "events --state": "is not for Windows",
    "events --status": "is not for Windows",
    "events --metrics": "is not for Windows",
    "local-facts --reveal": "every user may read the facts file",
    "emulate --": "a command needs the namespaces of Linux",
    "emulate --control": "--control needs Unix sockets",
    "emulate --change": "--change needs Unix sockets",
}


def run_every_flag(drive: Drive, emulator: Emulator, python: str, **variables: str) -> list[dict[str, Any]]:
    """Run the table of all commands and flags in one process; return what became of each."""
    drive.make_folder("every")
    words = ("C:\\src\\tests\\windows\\every_flag.py", emulator.url, FOLDER)
    done = drive.run(*words, python=python, timeout_s=300.0, **variables)
    assert done.returncode == 0, done.stderr
    *table, last = [json.loads(line) for line in done.stdout.splitlines()]
    check_imports(last["modules"])
    return table


def check_imports(modules: list[str]) -> None:
    """Nothing was imported that type checkers leave out for Windows."""
    config = tomllib.loads((ROOT / ".config/mypy-windows.toml").read_text(encoding="utf-8"))
    unread = [name for row in config["tool"]["mypy"]["overrides"] if row.get("ignore_errors") for name in row["module"]]
    assert len(unread) > 10
    assert not [name for name in modules if any(fnmatch.fnmatch(name, pattern) for pattern in unread)]


def check_table(table: list[dict[str, Any]]) -> None:
    """No traceback, no exit code but an outcome's, and on failure one line of messages and no output."""
    for row in table:
        words = " ".join(row["words"])
        assert "Traceback" not in row["traceback"] + row["messages"] + row["output"], row
        assert row["code"] in (0, 1, 2, 3, 4, 5, 6, 7, 8), row
        if row["code"] not in (0, None) and row["words"][0] != "doctor" and "usage: " not in row["messages"][:8]:
            assert row["output"] == "", words
            assert row["messages"].strip(), words


def test_every_flag(drive: Drive, emulator: Emulator) -> None:
    """No command with any of its flags ends in a traceback, and what makes no sense on Windows is refused in a line."""
    table = run_every_flag(drive, emulator, "311")
    check_table(table)
    assert {row["words"][0] for row in table} == set(COMMANDS)
    print(f"\n{len(table)} commands with a flag each, {sum(row['code'] == 0 for row in table)} of them ok")
    for words, said in REFUSED.items():
        rows = [row for row in table if row["words"][0] == words.split()[0] and words.split()[1] in row["words"]]
        assert rows, words
        for row in rows:
            assert row["code"] == 2, row
            assert said in row["messages"], row
            assert len(row["messages"].splitlines()) == 1, row


@pytest.mark.parametrize("python", ["311", "38"])
def test_the_single_file(python: str, drive: Drive, emulator: Emulator) -> None:
    """The single file does the same, with the oldest Python that it runs on as well."""
    built = drive.path / "azure-imds-facts.pyz"
    subprocess.run([sys.executable, str(ROOT / "scripts/build-pyz.py"), str(built)], check=True, capture_output=True)
    done = drive.run("-I", "C:\\azure-imds-facts.pyz", "facts", python=python, AZURE_IMDS_ENDPOINT=emulator.url)
    assert json.loads(done.stdout)["compute"]["vm_size"] == emulator.document["compute"]["vmSize"]
    if python != "38":
        return  # the package's own table was run with it
    unpacked = drive.make_folder("unpacked")
    shutil.unpack_archive(str(built), unpacked, "zip")
    table = run_every_flag(drive, emulator, python, AZURE_IMDS_UNPACKED="C:\\unpacked")
    check_table(table)
    assert any(row["words"] == ["facts"] and row["code"] == 0 for row in table)


def test_a_process_each(drive: Drive, emulator: Emulator) -> None:
    """Each command starts by itself, where nothing else has imported what it needs."""
    for name in COMMANDS:
        done = drive.run("-m", "azure_imds_facts", name, "--help")
        assert (done.returncode, done.stderr) == (0, ""), name
        assert name in done.stdout, name


def test_facts(drive: Drive, emulator: Emulator) -> None:
    """The facts are IMDS's; there is no cache, and a boot id that says what it is."""
    emulator.tag("env", "größe")
    for _time in range(2):
        done = drive.run("-m", "azure_imds_facts", "facts", AZURE_IMDS_ENDPOINT=emulator.url)
        facts = json.loads(done.stdout)
        assert (done.returncode, done.stderr) == (0, "")
        assert facts["tags"]["env"] == "größe"
        assert facts["snapshot"]["source"] == "imds"
        assert facts["snapshot"]["boot_id"].startswith("boot-time:20")


def test_the_library(drive: Drive, emulator: Emulator) -> None:
    """Programs get the same facts, over requests."""
    program = "import azure_imds_facts, json, sys; print(json.dumps(azure_imds_facts.collect(endpoint=sys.argv[1])))"
    done = drive.run("-c", program, emulator.url)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["compute"]["vmSize"] == emulator.document["compute"]["vmSize"]


def test_a_watch_prints(drive: Drive, emulator: Emulator) -> None:
    """`events --watch` prints a change as it comes, and approves what its flags say."""
    flags = ("--approve-user", "--approve-shared", "--approve-freeze-below", "5")
    watch = drive.open("-m", "azure_imds_facts", "events", "--watch", *flags, AZURE_IMDS_ENDPOINT=emulator.url)
    try:
        emulator.event("Reboot", source="User")
        assert watch.stdout
        told = [json.loads(watch.stdout.readline()) for _change in range(2)]
        assert [one["change"] for one in told] == ["scheduled", "started"]
        assert {one["event_type"] for one in told} == {"Reboot"}
    finally:
        watch.kill()
        watch.communicate()


def test_the_emulator_serves(drive: Drive) -> None:
    """`emulate` serves on Windows, for a program on this machine."""
    serving = drive.open("-m", "azure_imds_facts", "emulate", "--port", "0", "--quiet")
    try:
        assert serving.stdout
        url = serving.stdout.readline().strip()
        assert url.startswith("http://127.0.0.1:"), serving.communicate()[1]
        words = [sys.executable, "-m", "azure_imds_facts", "get", "compute/vmId"]
        asked = subprocess.run(
            words, env=drive.build_environment(AZURE_IMDS_ENDPOINT=url), cwd=ROOT, capture_output=True, check=False
        )
        assert (asked.returncode, len(asked.stdout.strip())) == (0, 36)
    finally:
        serving.send_signal(signal.SIGKILL)
        serving.communicate()


def test_doctor(drive: Drive, emulator: Emulator) -> None:
    """Its words are Windows': nothing of root, XDG, files of Linux or programs of its own."""
    ok = drive.run("-m", "azure_imds_facts", "doctor", AZURE_IMDS_ENDPOINT=emulator.url)
    emulator.fault("hang*forever")
    silent = drive.run("-m", "azure_imds_facts", "doctor", "--timeout", "2", AZURE_IMDS_ENDPOINT=emulator.url)
    assert (ok.returncode, silent.returncode) == (0, 4)
    assert "None on Windows: every run makes a request of its own." in ok.stdout
    for text in (ok.stdout, silent.stdout):
        for word in ("root", "XDG", "/run", "/proc", "systemd", "chrony", "ip rule", "Traceback"):
            assert word not in text, text


def test_a_reader_that_goes(drive: Drive, emulator: Emulator) -> None:
    """A watch whose reader has gone ends with a line at most, as other programs do."""
    watch = drive.open("-m", "azure_imds_facts", "events", "--watch", AZURE_IMDS_ENDPOINT=emulator.url)
    try:
        emulator.event("Freeze")
        assert watch.stdout
        assert watch.stderr
        watch.stdout.readline()
        watch.stdout.close()
        for _time in range(3):
            emulator.event("Reboot")
        assert watch.wait(60) in (2, 141)
        assert "Traceback" not in watch.stderr.read()
    finally:
        watch.kill()
        watch.wait()
        for stream in (watch.stdin, watch.stderr):
            assert stream
            stream.close()


def test_messages_name_the_folder(drive: Drive, emulator: Emulator) -> None:
    """local-facts writes below the program files, where `ansible.windows.setup` is told to look."""
    folder = Path(drive.path / "Program Files/azure-imds-facts")
    shutil.rmtree(folder, ignore_errors=True)
    done = drive.run("-m", "azure_imds_facts", "local-facts", AZURE_IMDS_ENDPOINT=emulator.url)
    assert done.returncode == 0, done.stderr
    assert done.stderr.strip().endswith("Wrote C:\\Program Files\\azure-imds-facts\\facts.d\\azure_imds.json.")
    facts = json.loads((folder / "facts.d/azure_imds.json").read_bytes())
    assert facts["compute"]["vm_size"] == emulator.document["compute"]["vmSize"]
    emulator.fault("hang*forever")
    late = drive.run("-m", "azure_imds_facts", "local-facts", "--timeout", "1", AZURE_IMDS_ENDPOINT=emulator.url)
    assert late.returncode == 4
    assert json.loads((folder / "facts.d/azure_imds.json").read_bytes())["snapshot"]["source"] == "stale"
