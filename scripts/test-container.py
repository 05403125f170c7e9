#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Build the emulator's image from what `make dist` has built, run it, and ask its health as the image says.

Where no container engine runs, the instructions of the Containerfile are followed in a folder instead: COPY and RUN
with a virtual environment for Python, ENTRYPOINT and HEALTHCHECK with another port.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "examples/emulator/Containerfile"
TAG = "azure-imds-emulator-test"
ENGINES = ("podman", "docker")


def main() -> int:
    """Print what was done; end with 1 where a step fails."""
    engine = next(filter(runs, ENGINES), None)
    steps = read_instructions()
    if engine is not None:
        build = [engine, "build", "-q", "-f", str(FILE), "-t", TAG, str(ROOT)]
        subprocess.run(build, check=True, stdout=subprocess.DEVNULL)
        port = find_port()
        words = [engine, "run", "--rm", "-p", f"127.0.0.1:{port}:{steps['EXPOSE'][0]}", TAG]
        return serve(words, [sys.executable, "-m", "azure_imds_facts"], port, f"the image, by {engine}")
    with tempfile.TemporaryDirectory() as folder:
        bin_folder = follow(steps, Path(folder))
        port = find_port()
        program, *flags = json.loads(steps["ENTRYPOINT"][0])
        words = [str(bin_folder / program), *flags, "--port", str(port)]
        print(f"no container engine ({', '.join(ENGINES)}) runs here: the instructions are followed in a folder")
        return serve(words, [str(bin_folder / program)], port, "the image's instructions")


def runs(engine: str) -> bool:
    """Return whether a container engine is installed and runs."""
    return (
        bool(shutil.which(engine))
        and subprocess.run([engine, "info"], capture_output=True, check=False).returncode == 0
    )


def read_instructions() -> dict[str, list[str]]:
    """Return what the instructions of each name say."""
    found: dict[str, list[str]] = {}
    for line in FILE.read_text(encoding="utf-8").replace("\\\n", "").splitlines():
        if line and not line.startswith("#"):
            name, _, said = line.partition(" ")
            found.setdefault(name, []).append(said)
    return found


def follow(steps: dict[str, list[str]], folder: Path) -> Path:
    """Copy and run as the image does, with a virtual environment; return its folder of programs."""
    environment = folder / "python"
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    *sources, target = steps["COPY"][0].split()
    place = folder / target.strip("/")
    place.mkdir(parents=True)
    for source in sources:
        for path in ROOT.glob(source):
            shutil.copy(path, place)
    script = steps["RUN"][0].replace(target.rstrip("/"), str(place))
    path_first = {
        "PATH": f"{environment / 'bin'}:/usr/bin:/bin",
        "HOME": str(folder),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    done = subprocess.run(["sh", "-ec", script], env=path_first, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"test-container: RUN fails: {done.stdout}{done.stderr}")
    if place.exists():
        sys.exit(f"test-container: {target} is left in the image")
    return environment / "bin"


def serve(words: list[str], program: list[str], port: int, what: str) -> int:
    """Run the emulator, and ask its health until it is there, for a minute at most."""
    check = json.loads(read_instructions()["HEALTHCHECK"][0].partition("CMD ")[2])
    ask = [*program, *check[1:-1], f"http://127.0.0.1:{port}"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as server:
        try:
            until = time.monotonic() + 60
            while subprocess.run(ask, capture_output=True, check=False).returncode != 0:
                if time.monotonic() > until or server.poll() is not None:
                    print(f"test-container: {what}: it does not answer", file=sys.stderr)
                    return 1
                time.sleep(0.2)
        finally:
            server.terminate()
    print(f"{what}: serves, and says that it is healthy")
    return 0


def find_port() -> int:
    """Return a port that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())
