# SPDX-License-Identifier: Apache-2.0
"""The metrics file, read by the parser of prometheus_client."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.support.emulators import Emulate
from tests.support.watchers import Watcher, run_events, wait_for

SERIES = {
    "azure_imds_events_pending",
    "azure_imds_events_next_seconds",
    "azure_imds_events_last_look_timestamp_seconds",
    "azure_imds_events_look_failures_total",
    "azure_imds_events_untold",
    "azure_imds_events_commands_running",
    "azure_imds_events_commands_waiting",
    "azure_imds_events_commands_total",
    "azure_imds_events_approvals_total",
    "azure_imds_events_dropped_lines_total",
}


def read(path: Path) -> dict[tuple[str, str], float]:
    """Return the samples, (name, value of its label) → value; each family has a type and a help text."""
    samples: dict[tuple[str, str], float] = {}
    if path.exists():
        for family in text_string_to_metric_families(path.read_text()):
            assert family.documentation
            assert family.type in ("gauge", "counter")
            for sample in family.samples:
                assert sample.name.endswith("_total") == (family.type == "counter")
                samples[sample.name, "".join(sample.labels.values())] = sample.value
    return samples


def test_a_watch_counts(emulate: Emulate, watch: Callable[..., Watcher], tmp_path: Path) -> None:
    """What is pending, when the next begins, when IMDS answered, and how commands and approvals ended."""
    emulator, path = emulate(), tmp_path / "events.prom"
    path.symlink_to(tmp_path / "elsewhere")
    command = 'test "$AZURE_IMDS_EVENT_TYPE" = Reboot'
    watch(
        emulator, "--exec", command, "--approve-on-success", "--state", str(tmp_path / "s.json"), "--metrics", str(path)
    )
    emulator.event("Redeploy", notice="600s")
    emulator.event("Reboot", notice="600s", lasts="600s")
    wait_for(lambda: read(path).get(("azure_imds_events_approvals_total", "approved")) == 1)
    wait_for(lambda: read(path).get(("azure_imds_events_next_seconds", "")) == 0)
    samples = read(path)
    assert {name for name, _label in samples} == SERIES
    assert samples["azure_imds_events_pending", "Redeploy"] == samples["azure_imds_events_pending", "Reboot"] == 1
    assert samples["azure_imds_events_commands_total", "failure"] >= 1
    assert samples["azure_imds_events_commands_total", "success"] >= 1
    assert samples["azure_imds_events_last_look_timestamp_seconds", ""] > 1.6e9
    assert not path.is_symlink()
    assert not (tmp_path / "elsewhere").exists()
    assert path.stat().st_mode & 0o777 == 0o644
    emulator.fault("500*forever")
    wait_for(lambda: read(path)["azure_imds_events_look_failures_total", ""] >= 2)


@pytest.mark.parametrize("kind", ["missing", "file", "link", "itself", "slash"])
def test_unusable_folders(kind: str, tmp_path: Path) -> None:
    """A folder that is missing, a file, a link, or no file is a usage error that names the flag."""
    folder = tmp_path / "folder"
    if kind == "file":
        folder.touch()
    elif kind == "link":
        (tmp_path / "real").mkdir()
        folder.symlink_to("real")
    elif kind != "missing":
        (folder / "x.prom").mkdir(parents=True)
        if kind == "slash":
            (folder / "x.prom").rmdir()
    path = f"{folder}/x.prom{'/' if kind == 'slash' else ''}"
    done = run_events("--watch", "--endpoint", "http://127.0.0.1:9", "--vm-name", "x", "--metrics", path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "--metrics" in done.stderr
