# SPDX-License-Identifier: Apache-2.0
"""Faults of the machine while maintenance comes: a full /tmp, and a reader that never reads."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.support.emulators import Emulate
from tests.support.watchers import environment, polls, wait_for, words


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk takes root")
def test_a_full_tmp(emulate: Emulate, tmp_path: Path) -> None:
    """A Preempt's command runs where nothing can be written to /tmp any more."""
    emulator = emulate()
    small = tmp_path / "small"
    small.mkdir()
    script = f'mount -t tmpfs -o size=4k,nr_inodes=4 none {small} || exit 77; head -c 4096 /dev/zero > {small}/filler; exec "$0" "$@"'
    line = words("--watch", "--endpoint", emulator.url, "--cache-dir", f"{tmp_path}/cache",
                 "--state", f"{tmp_path}/state.json", "--exec", f"cat > {tmp_path}/ran")  # fmt: skip
    # All folders that Python would take for temporary files are the full one.
    process = subprocess.Popen(
        ["unshare", "-m", "sh", "-c", f"{script}", *line],
        env=environment(TMPDIR=str(small)), cwd=small, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    wait_for(lambda: polls(emulator) > 0 or process.poll() is not None)
    if process.poll() == 77:
        pytest.skip("nothing can be mounted here")
    event_id = emulator.event("Preempt", description="x" * 100_000)
    wait_for(lambda: (tmp_path / "ran").exists() and event_id in (tmp_path / "ran").read_text(), seconds=30)
    process.terminate()
    assert process.wait(60) == 0


def test_output_that_nobody_reads(emulate: Emulate, tmp_path: Path) -> None:
    """With 200 KB in a pipe without a reader looks go on, and the next Preempt's command runs."""
    emulator = emulate()
    flags = (
        "--endpoint",
        emulator.url,
        "--cache-dir",
        str(tmp_path / "cache"),
        "--state",
        str(tmp_path / "state.json"),
    )
    command = f'[ "$AZURE_IMDS_EVENT_TYPE" != Preempt ] || touch {tmp_path}/ran'
    with subprocess.Popen(
        words("--watch", *flags, "--exec", command), env=environment(), stdout=subprocess.PIPE
    ) as process:
        emulator.event("Reboot", description="x" * 200_000)
        wait_for(lambda: polls(emulator) > 2)
        emulator.event("Preempt")
        wait_for((tmp_path / "ran").exists, seconds=30)
        process.terminate()
        assert process.wait(60) == 0
        assert process.stdout
        process.stdout.close()
