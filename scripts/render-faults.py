#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write docs/faults.md from the fault matrix of the tests; with --check only say whether it is up to date."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "facts")]

from azure_imds_facts.core import errors  # noqa: E402  found through the line above

from tests.fire.agent_states import STATES  # noqa: E402  found through the line above
from tests.fire.matrix import MATRIX, SECTIONS  # noqa: E402  the same

_PAGE = ROOT / "docs" / "faults.md"
_HEAD = """\
<!-- Made by scripts/render-faults.py from tests/fire/matrix.py: change that, not this. -->
# What happens when IMDS misbehaves

Whatever answers in place of IMDS, a collection ends before its deadline (the setting `timeout`) with one of these
[outcomes](reference.md#outcomes). Every fault below is tested through the Ansible module, the local facts writer and
the Salt grain, over both transports.

- `at once`: asking again cannot help.
- `at the deadline`: IMDS is asked again until the deadline, so a short fault does no harm.
- In all cases no message holds a traceback or a secret, no proxy or redirect's target is asked, and memory grows by
  less than 64 MiB.

| outcome | exit code | Ansible module | local facts file | Salt grain |
|---|---|---|---|---|
| `ok` | 0 | facts | replaced as a whole | the grain |
"""
_AGENT = """\

## Azure's metadata proxy agent

With the Metadata Security Protocol an [agent](proxy-agent.md) stands between every process and IMDS. These rows are
tested with redirected connections, through `facts` or, where named, `local-facts --boot`. Messages say what to do.

| the agent | what comes back | outcome | ends |
|---|---|---|---|
"""
_OTHERS = "fails with `outcome` and message | stays, marked stale | no grain, one warning in the log"
_FAILED = (
    "The last three columns hold if no [older answer](reference.md#older-answers) may be used. With one, the\n"
    "outcome is `ok`, and the facts are marked `stale`."
)


def _render() -> str:
    classes = {error.outcome: error for error in errors.ImdsError.__subclasses__()}
    outcomes = [name for name in classes if any(fault.outcome == name for fault in MATRIX)]
    lines = [f"| `{name}` | {classes[name].exit_code} | {_OTHERS} |" for name in outcomes]
    for section, faults in SECTIONS.items():
        lines += ["", f"## {section}", "", "| fault | what the server does | outcome | ends |", "|---|---|---|---|"]
        lines += [f"| {fault.name} | {fault.behaves} | `{fault.outcome}` | {fault.ends} |" for fault in faults]
        lines = [line.replace("\n", " ") for line in lines]
    where = lines.index("")
    agent = [f"| {state.name} | {state.behaves} | `{state.outcome}` | {state.ends} |" for state in STATES]
    return _HEAD + "\n".join([*lines[:where], "", _FAILED, *lines[where:]]) + "\n" + _AGENT + "\n".join(agent) + "\n"


def main() -> int:
    """Write or check."""
    text = _render()
    if "--check" not in sys.argv[1:]:
        _PAGE.write_text(text, encoding="utf-8")
    elif not _PAGE.exists() or _PAGE.read_text(encoding="utf-8") != text:
        print("docs/faults.md is not what the matrix says: run scripts/render-faults.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
