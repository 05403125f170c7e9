# SPDX-License-Identifier: Apache-2.0
"""Prometheus' spelling: one metric of value 1, `azure_imds_info`, whose labels say what machine this is.

Each combination of labels is a time series of its own, so there are few, and no tags: who may tag a machine could make
any number of series.
"""

from __future__ import annotations

import json

from .facts import build_facts
from .records import replace
from .settings import Settings
from .spelling import snake_case

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .facts import Snapshot
    from .records import JsonObject
    from .reporter import Reporter

# Label → the path of its value among facts.
_LABELS = {
    "cloud": ("cloud",),
    "location": ("compute", "location"),
    "zone": ("compute", "zone"),
    "vm_size": ("compute", "vmSize"),
    "name": ("compute", "name"),
    "vm_id": ("snapshot", "vmId"),
    "source": ("snapshot", "source"),
}
# IMDS's own are under 100 characters; Prometheus keeps each value for as long as it keeps the series.
_LONGEST = 256
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})
_HEAD = """\
# HELP azure_imds_info What Azure's Instance Metadata Service says this machine is.
# TYPE azure_imds_info gauge
"""


def build_info(snapshot: Snapshot, reporter: Reporter) -> JsonObject:
    """Return what the file of the metric holds: its `labels`, and how they were got. `gather` does not narrow it."""
    facts = build_facts(replace(snapshot, gather=Settings.gather), reporter=reporter)
    described = facts["snapshot"]
    # Named as in the local facts file, which this is to its writer.
    kept = {
        snake_case(name): described[name] for name in ("vmId", "platform", "partial", "source", "bootId", "fetchedAt")
    }
    labels = {label: _find(facts, path) for label, path in _LABELS.items()}
    # As in the grain: whether another tool has asked a moment ago would make two series of one machine.
    labels["source"] = kept["source"] = "imds" if kept["source"] == "cache" else kept["source"]
    return {"available": True, "labels": labels, "snapshot": kept}


def spell_prometheus(labels: JsonObject) -> str:
    """Return Prometheus' text format (exposition format 0.0.4)."""
    pairs = ",".join(f'{name}="{str(value).translate(_ESCAPES)}"' for name, value in labels.items())
    return f"{_HEAD}azure_imds_info{{{pairs}}} 1"


def dump_info(content: JsonObject) -> str:
    """Return the file's text. A comment before the metric carries what the writer has to know later."""
    labels = {**content["labels"], "source": content["snapshot"]["source"]}
    kept = json.dumps({**content, "labels": labels}, sort_keys=True)
    return f"# {kept}\n{spell_prometheus(labels)}\n"


def load_info(text: bytes) -> Any:
    """Return the content from which `dump_info` made a text. Raises ValueError for any other text."""
    comment = text.partition(b"\n")[0]
    if comment[:2] != b"# ":
        raise ValueError
    return json.loads(comment[2:])


def _find(facts: JsonObject, path: tuple[str, ...]) -> str:
    """Return the text at a path, within bounds, `""` where there is none or no text."""
    value: Any = facts
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    # A bare CR ends a line for some readers; nothing that cannot be seen helps in a label.
    text = value[:_LONGEST] if isinstance(value, str) else ""
    return "".join(character if character.isprintable() else "?" for character in text)
