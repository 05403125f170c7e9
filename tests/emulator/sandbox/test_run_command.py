# SPDX-License-Identifier: Apache-2.0
"""`emulate -- COMMAND`: the real address in namespaces, as root and as an unprivileged user."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest

from tests.emulator.processes import DISTRIBUTION, build_environment, can_unshare, command_line

UNPRIVILEGED_ID = 65534
ASK = (
    "import urllib.request as r;"
    "q = r.Request('http://169.254.169.254/metadata/instance/compute/{}?api-version=2021-02-01&format=text',"
    " headers={{'Metadata': 'true'}});"
    "print(r.build_opener(r.ProxyHandler({{}})).open(q, timeout=5).read().decode())"
)


def find_unprivileged_python() -> dict[str, Any]:
    """Return the options of `subprocess` for an unprivileged user, and an interpreter that this user can run."""
    paths = os.pathsep.join([str(DISTRIBUTION), sysconfig.get_paths()["purelib"]])
    options: dict[str, Any] = {
        "user": UNPRIVILEGED_ID,
        "group": UNPRIVILEGED_ID,
        "extra_groups": [],
        "cwd": "/",
        "env": {"PATH": os.defpath, "PYTHONPATH": paths},
    }
    for python in (sys.executable, "/usr/bin/python3"):
        probe = [python, "-c", "import aiohttp, azure_imds_facts.emulator"]
        try:
            if subprocess.run(probe, capture_output=True, check=False, **options).returncode == 0:
                return {"python": python, **options}
        except PermissionError:
            continue
    pytest.skip("no Python with aiohttp is available to an unprivileged user here")


@pytest.fixture(params=["current user", "unprivileged user"])
def run(request: pytest.FixtureRequest) -> Any:
    """Run a command in a sandbox with the emulator, as the current and as an unprivileged user."""
    options: dict[str, Any] = {"env": build_environment()}
    python = sys.executable
    if request.param == "unprivileged user" and os.geteuid() == 0:
        options = find_unprivileged_python()
        python = options.pop("python")
    if not can_unshare(**{name: options[name] for name in options.keys() & {"user", "group", "extra_groups"}}):
        pytest.skip("this kernel does not permit namespaces")

    def start(*command: str, flags: tuple[str, ...] = (), **more: Any) -> subprocess.CompletedProcess[str]:
        words = [python, *command_line(*flags, "--", *command)[1:]]
        given = {**options, "capture_output": True, "text": True, "timeout": 60, "check": False, **more}
        return subprocess.run(words, **given)  # noqa: PLW1510

    start.python = python  # type: ignore[attr-defined]
    start.environment = options["env"]  # type: ignore[attr-defined]
    return start


def test_the_command_finds_the_emulator(run: Any) -> None:
    """At 169.254.169.254 the command reads the machine of the flags; standard output is the command's only."""
    result = run(run.python, "-c", ASK.format("name"), flags=("--set", "compute.name=made-here"))
    assert (result.returncode, result.stdout, result.stderr) == (0, "made-here\n", "")


def test_dmi_describes_an_azure_machine(run: Any) -> None:
    """The asset tag is Azure's and the UUID is vmId, or AZURE_IMDS_DETECT is skip if DMI could not be mounted."""
    vm_id = "0f0e0d0c-1111-4222-8333-944445555666"
    script = "cat /sys/class/dmi/id/chassis_asset_tag /sys/class/dmi/id/product_uuid; echo ${AZURE_IMDS_DETECT:-auto}"
    result = run("sh", "-c", script, flags=("--set", f"compute.vmId={vm_id}"))
    assert result.stdout in (f"7783-7084-3265-9085-8269-3286-77\n{vm_id}\nauto\n", "skip\n")
    classes = run("sh", "-c", "ls /sys/class").stdout.split()
    assert set(os.listdir("/sys/class")) <= set(classes)


@pytest.mark.parametrize("machine", ["linux", "classic"])
def test_the_firmware_s_tables_say_the_same(run: Any, machine: str) -> None:
    """Dmidecode reads asset tag, names and UUID, and they are those of /sys/class/dmi/id; a classic machine has them too."""
    dmidecode = shutil.which("dmidecode", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if dmidecode is None:
        pytest.skip("dmidecode is not installed: apt-get install dmidecode")
    names = {
        "chassis-asset-tag": "chassis_asset_tag",
        "system-uuid": "product_uuid",
        "system-manufacturer": "sys_vendor",
        "system-product-name": "product_name",
        "bios-version": "bios_version",
    }
    script = "; ".join(f"{dmidecode} -s {each}; cat /sys/class/dmi/id/{file}" for each, file in names.items())
    result = run("sh", "-c", f"[ -z $AZURE_IMDS_DETECT ] || exit 77; {script}", flags=("--vm", machine))
    if result.returncode == 77:
        pytest.skip("DMI could not be laid over here")
    lines = result.stdout.splitlines()
    assert lines[::2] == lines[1::2]
    assert lines[::2] == [
        "7783-7084-3265-9085-8269-3286-77",
        "5e4b7a92-3f0d-4c6e-8a17-d2c94b6f1e08",
        "Microsoft Corporation",
        "Virtual Machine",
        "Hyper-V UEFI Release v4.1",
    ]
    assert result.stderr == ""


def test_nothing_else_is_reachable(run: Any) -> None:
    """The host's loopback services are out of reach, and there is no other way out; its own loopback works."""
    with socket.create_server(("127.0.0.1", 0)) as host:
        port = host.getsockname()[1]
        script = (
            "import socket\n"
            f"for address in [('127.0.0.1', {port}), ('192.0.2.1', 80)]:\n"
            "    try: socket.create_connection(address, 2)\n"
            "    except OSError as error: print(type(error).__name__, error.errno)\n"
            "own = socket.create_server(('127.0.0.1', 0))\n"
            "print(bool(socket.create_connection(own.getsockname(), 2)))\n"
        )
        result = run(run.python, "-c", script)
    assert result.stdout == "ConnectionRefusedError 111\nOSError 101\nTrue\n"


def test_the_command_has_no_new_privileges(run: Any) -> None:
    """The command runs as the user that started it, and an unprivileged user gains no capabilities."""
    result = run("sh", "-c", "id -u; grep CapEff /proc/self/status")
    uid, capabilities = result.stdout.split("\n")[:2]
    if uid != "0":
        assert (uid, int(capabilities.split()[1], 16)) == (str(UNPRIVILEGED_ID), 0)
    assert uid in ("0", str(UNPRIVILEGED_ID), str(os.getuid()))


def test_streams_and_exit_code(run: Any) -> None:
    """Standard input reaches the command, both outputs come back, and the exit code is the command's."""
    result = run("sh", "-c", "cat; echo problem >&2; exit 7", input="given\n")
    assert (result.returncode, result.stdout, result.stderr) == (7, "given\n", "problem\n")


def test_a_command_that_dies_of_a_signal(run: Any) -> None:
    """128 + n is the exit code of a command that signal n ended."""
    assert run("sh", "-c", "kill -KILL $$").returncode == 128 + signal.SIGKILL


@pytest.mark.parametrize(
    ("command", "code", "message"),
    [("no-such-command", 127, "no such file"), ("/etc/passwd", 126, "permission denied")],
)
def test_a_command_that_cannot_be_run(run: Any, command: str, code: int, message: str) -> None:
    """The exit codes are those of a shell, and one line names the reason."""
    result = run(command)
    assert result.returncode == code
    assert f"{command}: {message}" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_the_cache_is_this_runs_own(run: Any) -> None:
    """The cache directory is private to the run and removed after it, whatever that of the real machine is."""
    shown = run("sh", "-c", "echo $AZURE_IMDS_CACHE_DIR; stat -c '%a %u' $AZURE_IMDS_CACHE_DIR; id -u").stdout.split()
    assert shown[1:] == ["700", shown[3], shown[3]]
    assert not Path(shown[0]).exists()
    real = {**run.environment, "AZURE_IMDS_CACHE_DIR": "/real", "AZURE_IMDS_ENDPOINT": "http://127.0.0.1:9"}
    assert run("sh", "-c", "echo $AZURE_IMDS_CACHE_DIR", env=real).stdout != "/real\n"
    assert run("sh", "-c", "echo $AZURE_IMDS_ENDPOINT", env=real).stdout == "\n"


def test_requests_are_logged_to_a_file(run: Any) -> None:
    """With --log the requests are written to a file; standard error belongs to the command."""
    with tempfile.TemporaryDirectory() as folder:  # pytest's own are closed to other users
        Path(folder).chmod(0o777)
        check_log(run, Path(folder) / "log")


def check_log(run: Any, log: Path) -> None:
    """Assert that a request is logged."""
    run(run.python, "-c", ASK.format("vmId"), flags=("--log", str(log)))
    assert log.read_text().startswith("GET /metadata/instance/compute/vmId?api-version=2021-02-01&format=text 200")


@pytest.fixture
def start_sleeping() -> Any:
    """Start a command in a sandbox that reports when it is ready and then waits."""
    if not can_unshare():
        pytest.skip("this kernel does not permit namespaces")
    started = []

    def start(script: str) -> subprocess.Popen[str]:
        words = command_line("--", "sh", "-c", script)
        process = subprocess.Popen(words, env=build_environment(), stdout=subprocess.PIPE, text=True)
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=20)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1])
def test_signals_are_forwarded(start_sleeping: Any, number: signal.Signals) -> None:
    """A signal to the emulator reaches the command once, and determines the exit code."""
    # The parent of the tests may ignore the signal, as `nohup` does, and a command inherits that.
    before = signal.signal(number, signal.SIG_DFL)
    try:
        process = start_sleeping("echo ready; exec sleep 60")
    finally:
        signal.signal(number, before)
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    assert process.wait(timeout=20) == 128 + number


def test_a_command_may_catch_a_signal(start_sleeping: Any) -> None:
    """A command that handles a signal chooses when and how it ends."""
    process = start_sleeping("trap 'echo caught; exit 9' TERM; echo ready; while :; do sleep 0.1; done")
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGTERM)
    assert process.communicate(timeout=20)[0] == "caught\n"
    assert process.returncode == 9


def test_the_command_ends_with_the_emulator(start_sleeping: Any) -> None:
    """The command ends when the emulator is killed."""
    process = start_sleeping("echo $$; exec sleep 60")
    child = int(process.stdout.readline())
    process.kill()
    process.wait(timeout=20)
    deadline = time.monotonic() + 10
    while Path(f"/proc/{child}").exists() and "Z" not in Path(f"/proc/{child}/stat").read_text().split()[2]:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_namespaces_are_not_permitted() -> None:
    """One line reports it and names the alternative; the exit code is 125, as for `env` and `timeout`."""
    if shutil.which("setpriv") is None or not can_unshare():
        pytest.skip("this test needs setpriv, and namespaces in which it can forbid them")
    forbid = 'echo 0 > /proc/sys/user/max_user_namespaces; exec setpriv --bounding-set=-all --inh-caps=-all "$@"'
    words = ["unshare", "-Ur", "sh", "-c", forbid, "sh", *command_line("--", "true")]
    result = subprocess.run(words, env=build_environment(), capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 125
    assert len(result.stderr.splitlines()) == 1
    assert "namespaces are not permitted here" in result.stderr
    assert "AZURE_IMDS_ENDPOINT" in result.stderr


CHROOT = """
cd "$1" && shift
for each in /*; do
  if [ -L "$each" ]; then cp -P "$each" .; elif [ -d "$each" ]; then mkdir ".$each" && mount --rbind "$each" ".$each"; fi
done
exec chroot . "$@"
"""


def test_a_root_that_is_no_mount_point(tmp_path: Path) -> None:
    """In a chroot one line says what the kernel lacks, and what to do; the exit code is that of namespaces."""
    if shutil.which("chroot") is None or not can_unshare():
        pytest.skip("this test needs chroot, and namespaces to mount a root in")
    words = ["unshare", "-Urm", "sh", "-c", CHROOT, "sh", str(tmp_path), *command_line("--", "true")]
    result = subprocess.run(words, env=build_environment(), capture_output=True, text=True, timeout=60, check=False)
    assert (result.returncode, len(result.stderr.splitlines())) == (125, 1), result.stderr
    assert "/ is not a mount point here" in result.stderr
    assert "mount --rbind ROOT ROOT" in result.stderr
    assert "AZURE_IMDS_ENDPOINT" in result.stderr


def test_port_and_bind_are_rejected() -> None:
    """An address from a flag and the real address exclude each other."""
    words = command_line("--port", "8080", "--", "true")
    result = subprocess.run(words, env=build_environment(), capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 2
    assert "169.254.169.254:80" in result.stderr
