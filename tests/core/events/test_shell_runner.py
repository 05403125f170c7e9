# SPDX-License-Identifier: Apache-2.0
"""Commands run by the shell: what they are given."""

from __future__ import annotations

from pathlib import Path

from azure_imds_facts.core.events.model import changes, parse_timeline
from azure_imds_facts.core.events.shell_runner import ShellRunner
from azure_imds_facts.core.events.spelling import spell_change

from tests.support.events import document, raw_event
from tests.support.watchers import wait_for


def test_input_and_environment(tmp_path: Path) -> None:
    """The command gets the change whole on its input, of any size, and in its environment."""
    (change,) = changes(None, parse_timeline(document(raw_event(Description="x" * 200_000))))
    spelled = spell_change(change, now_s=0, vm_name="web-01")
    runner = ShellRunner(f'wc -c > {tmp_path}/size; echo "$AZURE_IMDS_EVENT_ID" > {tmp_path}/id; exit 4')
    run = runner.start(change, spelled)
    wait_for(lambda: run.poll() is not None)
    assert run.poll() == 4
    assert int((tmp_path / "size").read_text()) > 200_000
    assert (tmp_path / "id").read_text() == "A\n"
