# SPDX-License-Identifier: Apache-2.0
"""A master that accepts nobody but by proof, with salt-api over TLS, and minions on emulated VMs that it may trust."""

from __future__ import annotations

import datetime as dt
import http.client
import json
import re
import ssl
import subprocess
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from azure_imds_facts.emulator import Emulator
from cryptography.hazmat.primitives import serialization
from lab.places import short_folder
from lab.processes import Background
from lab.salted import reserved_ports, salt_master, write_master_config

from tests.e2e.shell import Shell
from tests.emulator.client import send_request
from tests.minions.daemons import Master, Minion
from tests.support.attested import ROOT, Certificate, make_key

SUBSCRIPTION = "8d10da13-8125-4ba9-a717-bf7490507b3d"
HOOK = "/hook/azure-imds/enrol"


class ProvingMaster:
    """What runs. `vms`: name → settings of its emulator and changes of its compute section."""

    def __init__(self, vms: dict[str, dict[str, Any]]) -> None:
        self.stack = ExitStack()
        self.folder = self.stack.enter_context(short_folder())
        self.shell = Shell(self.folder)
        self.ports = self.stack.enter_context(reserved_ports())
        self.api_port = self.stack.enter_context(reserved_ports())[0]
        self.master = Master(self.folder, self.shell)
        self.master.configure()
        self.stack.callback(self.master.prompt.close)
        self.imds: dict[str, Emulator] = {}
        for number, (name, vm) in enumerate(vms.items(), 1):
            emulator = self.stack.enter_context(Emulator(**vm.get("settings", {})))
            emulator.set("compute.vmId", f"00000000-0000-4000-8000-{number:012}")
            emulator.set("compute.subscriptionId", vm.get("subscription", SUBSCRIPTION))
            emulator.export_keys(self.folder / f"keys-{name}")
            self.imds[name] = emulator
        self.minions: dict[str, Minion] = {}

    def start(self, **settings: Any) -> None:
        """Start the master and salt-api; `settings` are the engine's, beside subscription and trust."""
        write_master_config(self.folder, ports=self.ports)
        self._write_tls()
        engine = {
            "subscriptions": [SUBSCRIPTION],
            "trust": [str(self.folder / f"keys-{name}/ca.pem") for name in self.imds],
            "offline": True,
            **settings,
        }
        (self.folder / "master.d/proof.conf").write_text(
            json.dumps(
                {
                    "auto_accept": False,
                    "log_level_logfile": "info",
                    "engines": [{"azure_imds_accept": engine}],
                    "ext_pillar_first": True,
                    "ext_pillar": [{"azure_imds_identity": {}}],
                    "api_logfile": str(self.folder / "api.log"),
                    "api_pidfile": str(self.folder / "api.pid"),
                    "rest_cherrypy": {
                        "host": "127.0.0.1",
                        "port": self.api_port,
                        "ssl_crt": str(self.folder / "api.crt"),
                        "ssl_key": str(self.folder / "api.key"),
                        "webhook_disable_auth": True,
                    },
                }
            )
        )
        self.stack.enter_context(salt_master(self.folder, env=self.shell.env))
        api = Background(
            ["salt-api", "-c", str(self.folder), "-l", "warning"], env=self.shell.env, log=self.folder / "api.out"
        )
        self.stack.callback(api.end)
        api.wait_until(self._answers, timeout_s=90)
        api.wait_until(lambda: "azure_imds_accept listens" in self.log, timeout_s=90)

    def close(self) -> None:
        """End all."""
        self.stack.close()

    @property
    def log(self) -> str:
        """What the master has logged."""
        path = self.folder / "master-root/master.log"
        return path.read_text(errors="replace") if path.exists() else ""

    @property
    def url(self) -> str:
        """The hook."""
        return f"https://localhost:{self.api_port}{HOOK}"

    def begin(self, name: str) -> Minion:
        """Start a minion on its VM, which makes its key and asks the master to accept it."""
        minion = Minion(self.folder / name, self.imds[name], ports=self.ports)
        self.stack.callback(minion.end)
        minion.begin()
        self.minions[name] = minion
        return minion

    def enrol(self, name: str, *flags: str) -> subprocess.CompletedProcess[str]:
        """Run `enrol` on a minion."""
        words = ("azure-imds-facts", "enrol", "--url", self.url, "--ca", str(self.folder / "api-ca.pem"))
        endpoint = ("--endpoint", self.imds[name].url, "--config-dir", str(self.folder / name))
        return self.shell.run(*words, *endpoint, *flags)

    def read_key(self, name: str) -> str:
        """Return a minion's public key, once it is there."""
        path = self.folder / name / name / "pki/minion.pub"
        wait(lambda: path.exists() and path.stat().st_size > 0)
        return path.read_text()

    def state(self, name: str) -> str:
        """Return in which of the master's folders a minion's key is."""
        for folder in ("minions", "minions_pre", "minions_denied", "minions_rejected"):
            if (self.folder / "master-root/pki" / folder / name).exists():
                return folder
        return ""

    def fetch(self, name: str, nonce: str) -> dict[str, str]:
        """Fetch a document of a VM, as who has stolen one."""
        document: dict[str, str] = send_request(
            self.imds[name].url, f"/metadata/attested/document?api-version=2021-02-01&nonce={nonce}"
        ).json
        return document

    def post(self, content: object) -> int:
        """Send something to the hook; return the status."""
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        context = ssl.create_default_context(cafile=str(self.folder / "api-ca.pem"))
        connection = http.client.HTTPSConnection("localhost", self.api_port, timeout=30, context=context)
        try:
            connection.request("POST", HOOK, body=body, headers={"Content-Type": "application/json"})
            return connection.getresponse().status
        finally:
            connection.close()

    def wait_for_log(self, pattern: str, *, timeout_s: float = 30) -> None:
        """Wait for a line of the master's log."""
        assert wait(lambda: bool(re.search(pattern, self.log)), timeout_s=timeout_s), (
            f"{pattern} not in:\n{self.log[-3000:]}"
        )

    def _answers(self) -> bool:
        try:
            return self.post({}) == 200
        except OSError:
            return False

    def _write_tls(self) -> None:
        now = dt.datetime.now(dt.timezone.utc)
        span: dict[str, Any] = {"begins": now - dt.timedelta(days=1), "ends": now + dt.timedelta(days=30)}
        root = replace(ROOT, subject="API CA", key=make_key("API CA"), **span)
        leaf = Certificate("localhost", root, ("localhost",), **span)
        (self.folder / "api-ca.pem").write_bytes(root.pem)
        (self.folder / "api.crt").write_bytes(leaf.pem)
        encoding = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        key: Path = self.folder / "api.key"
        key.touch(mode=0o600)
        key.write_bytes(leaf.private_key.private_bytes(*encoding))


def wait(is_there: Any, *, timeout_s: float = 60) -> bool:
    """Wait until something is true; return whether it became so."""
    deadline = time.monotonic() + timeout_s
    while not is_there():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
