# SPDX-License-Identifier: Apache-2.0
"""Two hundred requests a second at the hook: the master's memory stays, and nobody is accepted who should not be."""

from __future__ import annotations

import base64
import http.client
import json
import os
import ssl
import threading
import time
from pathlib import Path
from typing import Any

from azure_imds_facts.attestation import bind_key

from tests.minions.proving import HOOK, ProvingMaster, wait

# The promise was measured with 30.
SECONDS = float(os.environ.get("PROOF_FLOOD_SECONDS", "6"))
RATE = 200
SENDERS = 10
MOST_GROWTH_KB = 16 * 1024


def find_engine(folder: Path) -> int:
    """Return the id of the process that is the engine."""
    for path in Path("/proc").glob("[0-9]*"):
        try:
            words = (path / "cmdline").read_bytes()
            place = os.readlink(path / "cwd")
        except OSError:
            continue
        if b"azure_imds_accept" in words and str(folder).encode() in words + place.encode():
            return int(path.name)
    raise AssertionError("the engine is not found")


def read_memory(process: int) -> int:
    """Return a process's memory in kB."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


def send(proving: ProvingMaster, contents: list[bytes], until: float, sent: list[int]) -> None:
    """Send one request after the other at this sender's share of the rate."""
    context = ssl.create_default_context(cafile=str(proving.folder / "api-ca.pem"))
    connection = http.client.HTTPSConnection("localhost", proving.api_port, timeout=30, context=context)
    count, started = 0, time.monotonic()
    while time.monotonic() < until:
        try:
            connection.request(
                "POST", HOOK, body=contents[count % len(contents)], headers={"Content-Type": "application/json"}
            )
            connection.getresponse().read()
        except OSError:
            connection.close()
        count += 1
        time.sleep(max(0.0, started + count * SENDERS / RATE - time.monotonic()))
    connection.close()
    sent.append(count)


def test_flood() -> None:
    """Garbage, forged, stolen and foreign documents at 200 a second; then the right minion is accepted all the same."""
    vms: dict[str, dict[str, Any]] = {"right": {}, "foreign": {"subscription": "00000000-1111-4222-8333-444444444444"}}
    proving = ProvingMaster(vms)
    try:
        proving.start()
        for name in vms:
            proving.begin(name)
        keys = {name: proving.read_key(name) for name in vms}
        assert wait(lambda: all(proving.state(name) == "minions_pre" for name in vms), timeout_s=60)
        stolen = proving.fetch("right", bind_key(keys["right"]))
        foreign = proving.fetch("foreign", bind_key(keys["foreign"]))
        forged = base64.b64decode(stolen["signature"]).replace(b"-000000000001", b"-000000000009")
        contents = [
            json.dumps(content).encode()
            for content in (
                {"id": "foreign", "key": keys["foreign"], "document": stolen},
                {"id": "foreign", "key": keys["foreign"], "document": foreign},
                {"id": "foreign", "key": keys["foreign"], "document": {"signature": base64.b64encode(forged).decode()}},
                {"id": "nobody", "key": keys["right"], "document": {"signature": "A" * 20_000}},
                {"id": "foreign", "key": "-----BEGIN PUBLIC KEY-----", "document": stolen},
                {"anything": ["x" * 1000]},
            )
        ]
        engine = find_engine(proving.folder)
        # What Python takes for itself at the first requests is not growth.
        for content in contents * 3:
            proving.post(json.loads(content))
        time.sleep(2)
        before = read_memory(engine)
        sent: list[int] = []
        until = time.monotonic() + SECONDS
        threads = [threading.Thread(target=send, args=(proving, contents, until, sent)) for _ in range(SENDERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        time.sleep(2)
        growth = read_memory(engine) - before
        print(f"{sum(sent)} requests in {SECONDS:g} s, memory {before} kB and {growth:+} kB")
        assert growth < MOST_GROWTH_KB
        assert {name: proving.state(name) for name in vms} == dict.fromkeys(vms, "minions_pre")
        assert "azure_imds_accept dropped" in proving.log
        assert "Traceback" not in proving.log
        # What comes too fast is dropped for a while, so it takes a second proof at most.
        for _attempt in range(3):
            proving.enrol("right")
            if wait(lambda: proving.state("right") == "minions", timeout_s=5):
                break
        assert proving.state("right") == "minions"
        assert proving.state("foreign") == "minions_pre"
    finally:
        proving.close()
