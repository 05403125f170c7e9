# SPDX-License-Identifier: Apache-2.0
"""Many that collect at the same moment: `python -m tests.fire.member WAY ENDPOINT CACHE_DIR FOLDER COUNT`.

Becomes so many processes, says `ready`, waits for the end of its standard input; then each collects and prints the
source of its facts and the size of the VM.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable

from azure_imds_facts import requests_transport
from azure_imds_facts.cli import main as run_command
from azure_imds_facts.commands import local_facts
from azure_imds_facts.core.collector import collect
from azure_imds_facts.core.facts import build_facts
from azure_imds_facts.core.reporter import Reporter
from azure_imds_facts.core.settings import build_settings
from azure_imds_facts.core.spelling import spell_ansible
from azure_imds_facts.core.transport import HttpTransport

# Loaded before the parting, so that it is not done by each.
LOADED = (requests_transport, local_facts)
Result = tuple[str, str]


def _as_module(settings: dict[str, object], folder: str) -> Callable[[], Result]:
    def run() -> Result:
        snapshot = collect(build_settings(settings, {}), open_transport=HttpTransport)
        facts = spell_ansible(build_facts(snapshot, reporter=Reporter()), reporter=Reporter())
        return facts["azure_imds_snapshot_source"], facts["azure_imds_compute_vm_size"]

    return run


def _as_writer(settings: dict[str, object], folder: str) -> Callable[[], Result]:
    flags = [f"--{name.replace('_', '-')}={value}" for name, value in settings.items()]

    def run() -> Result:
        if run_command(["local-facts", "--directory", folder, *flags]) != 0:
            return "failed", ""
        with open(f"{folder}/azure_imds.fact", encoding="utf-8") as file:
            facts = json.load(file)
        return facts["snapshot"]["source"], facts["compute"]["vm_size"]

    return run


def _as_salt(settings: dict[str, object], folder: str) -> Callable[[], Result]:
    from azure_imds_facts.salt.grain import collect_grain  # noqa: PLC0415  Salt is loaded for its own way alone

    def run() -> Result:
        grain = collect_grain({"azure_imds": settings, "cachedir": folder}).get("azure_imds")
        return (grain["snapshot"]["source"], grain["compute"]["vmSize"]) if grain else ("failed", "")

    return run


def main() -> None:
    """Get ready, part, wait, run."""
    way, endpoint, cache_dir, folder, count = sys.argv[1:]
    settings: dict[str, object] = {"endpoint": endpoint, "cache_dir": cache_dir, "timeout": 60, "cache_ttl": 600}
    if way == "salt":
        _as_salt(settings, folder)
    build = {"module": _as_module, "writer": _as_writer, "salt": _as_salt}[way]
    children = [_part(lambda place=f"{folder}/{way}{number}": build(settings, place)) for number in range(int(count))]  # type: ignore[misc]
    print("ready", flush=True)
    for child in children:
        os.waitpid(child, 0)


def _part(build: Callable[[], Callable[[], Result]]) -> int:
    child = os.fork()
    if child:
        return child
    try:
        run = build()
        while os.read(0, 1):
            pass
        os.write(1, f"{' '.join(run())}\n".encode())
    finally:
        os._exit(0)


if __name__ == "__main__":
    main()
