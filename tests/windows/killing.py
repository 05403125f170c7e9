# SPDX-License-Identifier: Apache-2.0
"""Kills writers of the facts file while a reader opens it all the time: `killing.py ENDPOINT FOLDER TIMES`, on Windows.

Prints JSON: how many writers were killed before, while and after they wrote, what the reader read, and what it held up.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
import time

NAME = "azure_imds.json"
# Imports first, then a line, so that the kill comes while it asks, writes or replaces.
WRITER = """
import sys
from azure_imds_facts import cli
from azure_imds_facts.commands import local_facts
from azure_imds_facts.core import client, retry, transport
print("ready", flush=True)
sys.exit(cli.main(sys.argv[1:]))
"""


class Reader(threading.Thread):
    """Opens the file in a loop, and holds it for some milliseconds."""

    def __init__(self, path: str) -> None:
        super().__init__(daemon=True)
        self._path = path
        self.is_stopped = False
        self.read = self.broken = self.refused = self.missing = 0
        self.told: set[str] = set()

    def run(self) -> None:
        """Read until told to stop."""
        while not self.is_stopped:
            try:
                with open(self._path, "rb") as file:
                    first = file.read(100)
                    time.sleep(0.002)
                    content = first + file.read()
            except FileNotFoundError:
                self.missing += 1
            except OSError:
                self.refused += 1
            else:
                self._take(content)

    def _take(self, content: bytes) -> None:
        try:
            facts = json.loads(content)
            self.told.add(facts["tags"]["run"])
            self.read += 1
        except (ValueError, KeyError):
            self.broken += 1


def start(words: list[str]) -> subprocess.Popen:
    """Start a writer."""
    command = [sys.executable, "-c", WRITER, *words]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def wait_until_ready(writer: subprocess.Popen) -> None:
    """Wait for a writer's first line."""
    assert writer.stdout
    writer.stdout.readline()


def main() -> None:
    """Kill as often as told."""
    endpoint, folder, times = sys.argv[1], sys.argv[2], int(sys.argv[3])
    words = ["local-facts", "--directory", folder, "--endpoint", endpoint]
    with start(words) as writer:
        wait_until_ready(writer)
        began = time.monotonic()
        writer.communicate()
        # From the first line to the end, so that kills are spread over all that a writer does.
        lasts_s = time.monotonic() - began
    reader = Reader(os.path.join(folder, NAME))
    reader.start()
    killed = ended = leftovers = 0
    for _time in range(times):
        with start(words) as writer:
            wait_until_ready(writer)
            time.sleep(random.random() * lasts_s)  # noqa: S311  a moment, not a secret
            writer.kill()
            writer.communicate()
            killed, ended = killed + (writer.returncode != 0), ended + (writer.returncode == 0)
        leftovers = max(leftovers, sum(name.endswith(".tmp") for name in os.listdir(folder)))
    reader.is_stopped = True
    reader.join()
    print(
        json.dumps(
            {
                "lasts_s": round(lasts_s, 3),
                "killed": killed,
                "ended": ended,
                "leftovers": leftovers,
                "read": reader.read,
                "broken": reader.broken,
                "refused": reader.refused,
                "missing": reader.missing,
            }
        )
    )


if __name__ == "__main__":
    main()
