# SPDX-License-Identifier: Apache-2.0
"""A real Salt master and its minions on loopback."""

from __future__ import annotations

import contextlib
import json
import random
import socket
from getpass import getuser
from typing import TYPE_CHECKING, Any

from lab.processes import Background, running

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_START_S = 90.0
_READY = "is ready to receive requests"
# Below the range from which the kernel takes the source ports of connections.
_PORTS = range(20000, 32000)


def write_minion_config(
    folder: Path, *, minion_id: str, master_ports: tuple[int, int], azure_imds: Mapping[str, Any]
) -> None:
    """Write `folder`/minion, the configuration of a minion whose files all lie below `folder`."""
    publish_port, ret_port = master_ports
    root = folder / minion_id
    settings = {
        **_common(root),
        "id": minion_id,
        "master": "127.0.0.1",
        "publish_port": publish_port,
        "master_port": ret_port,
        "log_file": str(root / "minion.log"),
        # The line by which readiness is known is one of level info; debug tells why, where something fails.
        "log_level_logfile": "debug",
        "pidfile": str(root / "minion.pid"),
        "acceptance_wait_time": 1,
        # Looks up names, which takes seconds where no name server answers.
        "enable_fqdns_grains": False,
        "azure_imds": dict(azure_imds),
    }
    _write(folder / "minion", settings)


def write_master_config(folder: Path, *, ports: tuple[int, int]) -> None:
    """Write `folder`/master, the configuration of a master that accepts every minion, on loopback only."""
    publish_port, ret_port = ports
    root = folder / "master-root"
    settings = {
        **_common(root),
        "interface": "127.0.0.1",
        "publish_port": publish_port,
        "ret_port": ret_port,
        "log_file": str(root / "master.log"),
        "pidfile": str(root / "master.pid"),
        "auto_accept": True,
        "worker_threads": 3,
        "timeout": 20,
    }
    _write(folder / "master", settings)


@contextlib.contextmanager
def salt_master(folder: Path, *, env: Mapping[str, str]) -> Iterator[Background]:
    """Run the master that `folder`/master describes. It is ready when its minions are."""
    command = ["salt-master", "-c", str(folder), "-l", "warning"]
    with running(command, env=env, log=folder / "salt-master.out") as program:
        yield program


@contextlib.contextmanager
def salt_minion(folder: Path, *, env: Mapping[str, str]) -> Iterator[Background]:
    """Run the minion that `folder`/minion describes, and go on once it hears its master."""
    log = folder / json.loads((folder / "minion").read_text())["id"] / "minion.log"
    command = ["salt-minion", "-c", str(folder), "-l", "warning"]
    with running(command, env=env, log=folder / "salt-minion.out") as program:
        # Retrier it with test.ping instead would cost 15 seconds whenever the first question is lost.
        program.wait_until(lambda: log.exists() and _READY in log.read_text(errors="replace"), timeout_s=_START_S)
        yield program


@contextlib.contextmanager
def reserved_ports() -> Iterator[tuple[int, int]]:
    """Yield two free ports for a master, which no other run of this project takes meanwhile."""
    with contextlib.ExitStack() as held:
        found: list[int] = []
        for port in random.sample(_PORTS, 200):
            with contextlib.suppress(OSError):
                # A master binds its ports itself, later than here, so an abstract name stands for each until then.
                # Names are a network namespace's, as ports are, and go with the process.
                held.enter_context(socket.socket(socket.AF_UNIX)).bind(f"\0azure-imds-facts/port/{port}")
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
                found.append(port)
            if len(found) == 2:
                break
        else:
            raise RuntimeError("no free port on loopback among 200 tried")
        yield found[0], found[1]


def _common(root: Path) -> dict[str, Any]:
    """Settings of master and minion: below `root` whatever they write, for Salt would prefix other paths with it."""
    root.mkdir(parents=True, exist_ok=True)
    return {
        "user": getuser(),
        "root_dir": str(root),
        "pki_dir": str(root / "pki"),
        "cachedir": str(root / "cache"),
        "sock_dir": str(root / "run"),
    }


def _write(path: Path, settings: Mapping[str, Any]) -> None:
    # JSON is YAML.
    path.write_text(json.dumps(settings, indent=2))
