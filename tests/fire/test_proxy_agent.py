# SPDX-License-Identifier: Apache-2.0
"""Every state of the metadata proxy agent ends as docs/faults.md says, with connections really redirected."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import azure_imds_facts
import pytest
from azure_imds_facts.emulator.errors import NamespaceError
from azure_imds_facts.emulator.sandbox.redirect import open_redirect

from tests.fire.agent_states import DEADLINE, ONCE, READY, SOON, STATES, State

FACTS = Path(azure_imds_facts.__file__).parents[1]
CODES = {"ok": 0, "unavailable": 6, "rejected": 7}
TIMEOUT_S = 6.0
# Seconds of a run, its start included: Python's and the sandbox's. A run that ends at once asks once or twice.
SECONDS = {ONCE: (0.0, 4.5), SOON: (0.0, 4.5), READY: (1.0, 8.0), DEADLINE: (5.0, 11.0)}
# Runs the command inside, and writes how it ended.
RUN = """
import json, subprocess, sys, time
begun = time.monotonic()
done = subprocess.run(sys.argv[1:], capture_output=True, text=True)
print(json.dumps([done.returncode, time.monotonic() - begun, done.stdout, done.stderr]))
"""


@pytest.fixture(autouse=True)
def _needs_redirect() -> None:
    """Skip where there can be no redirect."""
    try:
        with open_redirect():
            pass
    except NamespaceError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.name)
def test_state(state: State, tmp_path: Path) -> None:
    """A state has its outcome, in its time, with its message, and no file is written where there are no facts."""
    us = [sys.executable, "-m", "azure_imds_facts"]
    command = ["local-facts", "--boot", "--directory", str(tmp_path / "d")] if state.is_boot else ["facts"]
    inside = [sys.executable, "-c", RUN, *us, *command, "--timeout", f"{TIMEOUT_S:.0f}"]
    done = subprocess.run(
        [*us, "emulate", "--rate-limit", "0", *state.flags, "--", *inside],
        env={**os.environ, "PYTHONPATH": str(FACTS)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    code, seconds, out, said = json.loads(done.stdout)
    assert code == CODES[state.outcome], said
    least, most = SECONDS[state.ends]
    assert least <= seconds <= most, said
    assert state.says in said
    assert "Traceback" not in said
    if state.outcome != "ok":
        assert out == ""
        assert not (tmp_path / "d").exists() or not any((tmp_path / "d").iterdir())
        return
    facts = json.loads((tmp_path / "d/azure_imds.fact").read_text() if state.is_boot else out)
    assert facts["snapshot"]["proxy_agent"] is bool(state.flags)
