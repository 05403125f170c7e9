# SPDX-License-Identifier: Apache-2.0
"""Put 5,000 requests of 20 clients that keep their connections on an emulator in a process of its own, limits off.

Prints one line; ends with 1 where a request failed. Usage: emulator_load.py [REQUESTS [CLIENTS]].
"""

from __future__ import annotations

import subprocess
import sys

from tests.emulator.load import put_load


def main() -> int:
    """Measure and print."""
    requests, clients = (int(sys.argv[at]) if len(sys.argv) > at else default for at, default in ((1, 5000), (2, 20)))
    command = [sys.executable, "-m", "azure_imds_facts", "emulate", "--port", "0", "--rate-limit", "0", "--quiet"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            url = server.stdout.readline().strip() if server.stdout else ""
            load = put_load(url, requests=requests, clients=clients)
        finally:
            server.terminate()
    print(
        f"{load.requests} requests of {clients} clients: {load.errors} errors, "
        f"{load.requests / load.seconds:.0f} requests a second, slowest {load.slowest_s * 1000:.0f} ms"
    )
    return 1 if load.errors else 0


if __name__ == "__main__":
    sys.exit(main())
