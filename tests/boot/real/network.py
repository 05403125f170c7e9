# SPDX-License-Identifier: Apache-2.0
"""A network of a guest's own, and at its other end, behind the gateway, IMDS at its real address: as on Azure."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

from .commands import run, wait_for

FACTS = Path(__file__).resolve().parents[3] / "facts"
ADDRESS = "169.254.169.254"
EMULATE = (sys.executable, "-m", "azure_imds_facts", "emulate")


class Network:
    """Two network namespaces, the guest's and Azure's, and a cable between them."""

    def __init__(self, scratch: Path) -> None:
        self.guest = f"aif-guest-{os.getpid()}"
        self.azure = f"aif-azure-{os.getpid()}"
        self._scratch = scratch
        self.log = scratch / "imds.log"
        # A path for a socket is short.
        self._control = Path(f"/run/aif-{os.getpid()}.sock")
        for name in (self.guest, self.azure):
            run("ip", "netns", "add", name)
        self._azure("link", "set", "lo", "up")
        self._azure("address", "add", f"{ADDRESS}/32", "dev", "lo")

    def close(self) -> None:
        """Remove both; the cable goes with them."""
        for name in (self.guest, self.azure):
            run("ip", "netns", "delete", name, check=False)

    def plug(self) -> None:
        """Lay a new cable: the guest finds `eth0` as a machine does that was just switched on."""
        run("ip", "-n", self.azure, "link", "delete", "gateway", check=False)
        run(
            "ip",
            "-n",
            self.guest,
            "link",
            "add",
            "eth0",
            "type",
            "veth",
            "peer",
            "name",
            "gateway",
            "netns",
            self.azure,
        )
        self._azure("address", "add", "10.1.0.1/24", "dev", "gateway")
        self._azure("link", "set", "gateway", "up")

    @contextlib.contextmanager
    def imds(self, *flags: str) -> Iterator[None]:
        """Serve IMDS, from when it listens."""
        self.log.unlink(missing_ok=True)
        command = [*EMULATE, "--bind", ADDRESS, "--port", "80", "--control", str(self._control)]
        with (self._scratch / "imds.errors").open("w") as errors:
            process = subprocess.Popen(
                ["ip", "netns", "exec", self.azure, *command, "--allow-remote", "--log", str(self.log), *flags],
                env={**os.environ, "PYTHONPATH": str(FACTS)},
                stdout=subprocess.PIPE,
                stderr=errors,
            )
        assert process.stdout is not None
        try:
            assert process.stdout.readline(), (self._scratch / "imds.errors").read_text()
            yield
        finally:
            process.terminate()
            process.wait(timeout=20)
            process.stdout.close()

    def plan(self, event: str) -> None:
        """Announce an event, as `--event` does."""
        change = json.dumps({"event": event})
        env = {**os.environ, "PYTHONPATH": str(FACTS)}
        run(*EMULATE, "--control", str(self._control), "--change", change, env=env)

    def requests(self) -> list[str]:
        """What IMDS was asked, a line a request."""
        return self.log.read_text().splitlines() if self.log.exists() else []

    @contextlib.contextmanager
    def watch_routes(self) -> Iterator[Path]:
        """Write down when routes come and go, for `find_network_up`."""
        path = self._scratch / "routes"
        with path.open("w") as file:
            process = subprocess.Popen(
                ["ip", "-ts", "-n", self.guest, "monitor", "route"], stdout=file, env={**os.environ, "TZ": "UTC"}
            )
            time.sleep(0.2)  # it has subscribed by then
            try:
                yield path
            finally:
                process.terminate()
                process.wait(timeout=20)

    def _azure(self, *words: str) -> None:
        run("ip", "-n", self.azure, *words)


def find_network_up(path: Path) -> float:
    """Return when the guest got its default route, in seconds since 1970."""

    def look() -> float | None:
        for line in path.read_text().splitlines():
            if "default via" in line and "Deleted" not in line:
                moment = datetime.fromisoformat(line[1:].partition("]")[0])
                return moment.replace(tzinfo=timezone.utc).timestamp()
        return None

    return wait_for("a default route", look, within_s=30)
