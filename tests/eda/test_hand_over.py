# SPDX-License-Identifier: Apache-2.0
"""Test the example plays for a service with a partner: a real nginx hands over, ends what it had begun, and comes back."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from azure_imds_facts.emulator import Emulator
from lab.places import CHECKOUT, short_folder
from lab.processes import running

from tests.e2e.shell import Shell
from tests.eda.pools import SYSTEM_PATH, fetch, reserved_port

PLAYS = CHECKOUT / "examples/maintenance"
pytestmark = pytest.mark.skipif(not shutil.which("nginx", path=SYSTEM_PATH), reason="nginx is not installed here")
# The long answer takes ten seconds.
_CONFIGURATION = """
pid {folder}/pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port} reuseport;
        root {folder};
        limit_rate 20k;
    }}
}}
"""


class Nginx:
    """One nginx, with its files in a folder of its own."""

    def __init__(self, folder: Path, port: int) -> None:
        folder.mkdir(mode=0o755)
        folder.parent.chmod(0o755)  # its workers are another user's
        self.port = port
        self.pid = folder / "pid"
        self.url = f"http://127.0.0.1:{port}/"
        (folder / "index.html").write_text(folder.name)
        (folder / "long").write_text("x" * 200_000)
        configuration = folder / "nginx.conf"
        configuration.write_text(_CONFIGURATION.format(folder=folder, port=port))
        self.start = ["nginx", "-p", str(folder), "-c", str(configuration)]
        self.stop = [*self.start, "-s", "quit"]


@pytest.fixture
def imds() -> Iterator[Emulator]:
    """An emulated VM."""
    with Emulator() as emulator:
        yield emulator


def test_hand_over(imds: Emulator) -> None:
    """The partner serves, and the service has ended the answer that it was giving, before the approval; then it returns."""
    with short_folder() as folder, ExitStack() as stack:
        shell = Shell(folder)
        shell.env.update(PATH=f"{shell.env['PATH']}:{SYSTEM_PATH}", AZURE_IMDS_ENDPOINT=imds.url)
        own, partner = (Nginx(folder / name, stack.enter_context(reserved_port())) for name in ("own", "partner"))
        for server in (own, partner):
            stack.callback(shell.run, *server.start, "-s", "stop")
        given = {
            "azure_event_id": imds.event("Redeploy"),
            "handover_command": partner.start,
            "partner_address": "127.0.0.1",
            "partner_port": partner.port,
            "stop_command": own.stop,
            "service_pid_file": str(own.pid),
            "start_command": own.start,
            "service_port": own.port,
            "takeback_command": partner.stop,
        }
        shell.run_ok(*own.start)
        answers: list[str] = []
        asking = threading.Thread(target=lambda: answers.append(fetch(f"{own.url}long")))
        asking.start()
        command = ["ansible-playbook", str(PLAYS / "hand_over.yml"), "-e", json.dumps(given)]
        env = {**shell.env, "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / "collections")}
        with running(command, env=env, log=folder / "log") as program:
            program.wait_until(lambda: any(request.method == "POST" for request in imds.requests), timeout_s=60)
        assert (fetch(own.url), fetch(partner.url)) == ("", "partner")
        assert not own.pid.exists()
        asking.join(5)
        assert [len(answer) for answer in answers] == [200_000]
        shell.run_ok("ansible-playbook", str(PLAYS / "take_back.yml"), "-e", json.dumps(given))
        assert fetch(own.url) == "own"
        while fetch(partner.url):
            time.sleep(0.1)


def test_partner_is_away(imds: Emulator) -> None:
    """Where the partner does not take over the service is left as it is, and nothing is approved."""
    given = {
        "azure_event_id": imds.event("Redeploy"),
        "handover_command": ["false"],
        "partner_address": "127.0.0.1",
        "partner_port": 1,
        "stop_command": ["touch", "stopped"],
        "service_pid_file": "/nowhere",
    }
    with short_folder() as folder:
        shell = Shell(folder)
        done = shell.run("ansible-playbook", str(PLAYS / "hand_over.yml"), "-e", json.dumps(given))
        assert done.returncode == 2
    assert "TASK [Stop the service]" not in done.stdout
    assert imds.requests == []
