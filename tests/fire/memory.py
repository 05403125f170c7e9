# SPDX-License-Identifier: Apache-2.0
"""Measure what collections take: `python -m tests.fire.memory TRANSPORT URL…` prints KiB above idle, a line a URL.

The first URL is only for warming up. A process of its own, so that the memory of nobody else counts.
"""

from __future__ import annotations

import contextlib
import re
import sys
from pathlib import Path
from typing import Any

from azure_imds_facts.core.collector import collect
from azure_imds_facts.core.errors import ImdsError
from azure_imds_facts.core.settings import build_settings
from azure_imds_facts.core.transport import HttpTransport
from azure_imds_facts.requests_transport import RequestsTransport

_STATUS = Path("/proc/self/status")


def _read(field: str) -> int:
    found = re.search(rf"^{field}:\s+(\d+) kB$", _STATUS.read_text(), re.MULTILINE)
    assert found
    return int(found.group(1))


def main() -> None:
    """Collect from each."""
    open_transport: Any = {"standard": HttpTransport, "requests": RequestsTransport}[sys.argv[1]]
    idle = 0
    for url in sys.argv[2:]:
        Path("/proc/self/clear_refs").write_text("5")  # begin a new peak
        with contextlib.suppress(ImdsError):
            settings = build_settings({"endpoint": url, "timeout": 1}, {"XDG_RUNTIME_DIR": ""}, cache_dir="/dev/null/x")
            collect(settings, open_transport=open_transport)
        if idle:
            print(_read("VmHWM") - idle)
        else:
            idle = _read("VmRSS")


if __name__ == "__main__":
    main()
