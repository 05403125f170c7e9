# SPDX-License-Identifier: Apache-2.0
"""Runs each command with each of its flags, in one process of Windows: `every_flag.py ENDPOINT FOLDER`.

A line of JSON for each: its words, its exit code, its output and messages, and the traceback where one escaped.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import sys
import traceback
from types import ModuleType
from typing import Any

ENDPOINT, FOLDER = sys.argv[1:3]
# What a command wants besides, so that each of its flags is met by itself.
NEEDED = {
    "get": ["compute/vmId"],
    "local-facts": ["--directory", os.path.join(FOLDER, "facts.d")],
    "enrol": ["--url", "https://127.0.0.1:1/hook", "--config-dir", FOLDER, "--timeout", "1"],
    "verify": [os.path.join(FOLDER, "document")],
    "completion": ["bash"],
}
# A flag's value, by its name; the rest takes a path.
VALUES = {
    "--endpoint": ENDPOINT, "--timeout": "5", "--cache-ttl": "0", "--api-version": "2021-02-01", "--detect": "skip",
    "--gather": "compute", "--reveal": "user_data", "--approve": "0123", "--types": "Reboot", "--exec": "cmd /c ver",
    "--exec-timeout": "5", "--approve-freeze-below": "5", "--vm-name": "web", "--events-version": "2020-07-01",
    "--nonce": "1234567890", "--url": "https://127.0.0.1:1/hook", "--max-age": "10", "--cloud": "public", "--at": "2026-01-01T00:00:00Z",
    "--vm-id": "02aab8a4-74ef-476e-8182-f6d2ba4166a6", "--subscription": "8d10da13-8125-4ba9-a717-bf7490507b3d",
    "--sha256": "0" * 64, "--user": "web", "--port": "8080", "--bind": "127.0.0.1", "--vm": "windows", "--tag": "a=b",
    "--set": "compute.zone=1", "--event": "Reboot:after=1m", "--fault": "429", "--rate-limit": "5", "--retry-after": "1",
    "--era": "modern", "--change": "{}", "--proxy-agent": "audit", "--attested-fault": "expired",
}  # fmt: skip
# These go on until they are ended, or ask for minutes: other tests run them as processes.
ENDLESS = {"events": {"--watch"}}


def main() -> None:
    """Run them all, from the unpacked single file where there is one."""
    sys.path.insert(0, os.environ.get("AZURE_IMDS_UNPACKED", "C:\\src\\facts"))
    from azure_imds_facts import cli  # noqa: PLC0415  from the path of this run

    if "AZURE_IMDS_UNPACKED" not in os.environ:
        from azure_imds_facts.emulator import command  # noqa: PLC0415  the single file has none

        async def serve(*_of: Any, **_named: Any) -> int:
            return 0

        command._serve = serve  # type: ignore[assignment]  # it would serve until it is ended
    else:
        # As its own main module does.
        cli.COMMANDS = {name: row for name, row in cli.COMMANDS.items() if name != "emulate"}
    os.environ.update(AZURE_IMDS_ENDPOINT=ENDPOINT)
    for name in list(cli.COMMANDS):
        needed = NEEDED.get(name, [])
        tell([name, *needed], cli)
        tell([name, "--nonsense"], cli)
        for words in list_flags(cli, name):
            tell([name, *needed, *words], cli)
    for what in ("salt", "systemd", "cloud-init", "ansible-path", "proxy-agent-rules"):
        tell(["export", what, *([FOLDER] if what in ("salt", "systemd", "proxy-agent-rules") else [])], cli)
    if "emulate" in cli.COMMANDS:
        tell(["emulate", "--", "python"], cli)
    print(json.dumps({"modules": sorted(name for name in sys.modules if name.startswith("azure_imds_facts"))}))


def list_flags(cli: ModuleType, name: str) -> list[list[str]]:
    """Return the words for each flag of a command."""
    parser = argparse.ArgumentParser()
    try:
        cli.fill_parser(parser, name)
    except Exception as error:  # noqa: BLE001  told by the run without flags
        return [[str(error)]]
    listed = []
    for action in parser._actions:
        flag = next((one for one in action.option_strings if one.startswith("--")), None)
        if flag is None or flag in ENDLESS.get(name, ()):
            continue
        values = action.choices or [VALUES.get(flag, os.path.join(FOLDER, "value"))]
        listed += [[flag]] if action.nargs == 0 else [[flag, str(value)] for value in values]
    return listed


def tell(words: list[str], cli: ModuleType) -> None:
    """Run one and print what became of it."""
    output, messages, escaped = io.TextIOWrapper(io.BytesIO(), write_through=True), io.StringIO(), ""
    before = os.environ.copy()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(messages):
        try:
            code = cli.main(words)
        except SystemExit as error:
            code = error.code
        except BaseException:  # noqa: BLE001  what a user would see
            code, escaped = -1, traceback.format_exc()
    os.environ.clear()
    os.environ.update(before)
    told = {
        "words": words,
        "code": code,
        "output": output.buffer.getvalue().decode("utf-8", "replace"),
        "messages": messages.getvalue(),
        "traceback": escaped,
    }
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
