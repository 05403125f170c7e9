# SPDX-License-Identifier: Apache-2.0
"""An emulated VM: the emulator as users start it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from lab.processes import running

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

_START_S = 30.0


@contextlib.contextmanager
def emulated_vm(options: Sequence[str], *, env: Mapping[str, str], log: Path) -> Iterator[str]:
    """Run `azure-imds-facts emulate` on a free port and yield its endpoint; its log has a line a request."""
    command = ["azure-imds-facts", "emulate", "--port", "0", *options]
    with running(command, env=env, log=log) as program:
        program.wait_until(lambda: bool(_endpoints(log)), timeout_s=_START_S)
        yield _endpoints(log)[0]


def _endpoints(log: Path) -> list[str]:
    # A line without its end may be half an address.
    return [
        line.strip()
        for line in log.read_text().splitlines(keepends=True)
        if line.startswith("http://") and "\n" in line
    ]
