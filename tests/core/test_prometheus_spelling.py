# SPDX-License-Identifier: Apache-2.0
"""Test the metric `azure_imds_info`, as Prometheus' own parser reads it."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

import pytest
from azure_imds_facts.core.facts import Snapshot
from azure_imds_facts.core.prometheus_spelling import build_info, dump_info, load_info
from azure_imds_facts.core.settings import build_settings

from tests.support.documents import VM_ID, build_document
from tests.support.reporters import ListReporter

ODD = ['a"b', "back\\slash", "line\nfeed", "\r", "größe 日本", "{}", ",", "\\n", '\\"', "\x1b[1m\u202e\0", ""]


def build(document: dict[str, Any], **how: Any) -> dict[str, Any]:
    """Return the content of the file for a document."""
    defaults: dict[str, Any] = {
        "source": "imds",
        "endpoint": "http://169.254.169.254",
        "api_version": "2025-04-07",
        "fetched_at": "2026-11-27T10:00:00Z",
        "boot_id": "boot",
        "extra": {},
        "failures": {},
    }
    content: dict[str, Any] = build_info(Snapshot(document=document, **{**defaults, **how}), ListReporter())
    return content


def read_labels(text: str) -> dict[str, str]:
    """Return the labels of the one sample, as Prometheus' Python client reads them."""
    parser = pytest.importorskip("prometheus_client.parser")
    (family,) = parser.text_string_to_metric_families(text)
    (sample,) = family.samples
    assert (family.name, family.type, sample.value) == ("azure_imds_info", "gauge", 1.0)
    assert family.documentation
    labels: dict[str, str] = sample.labels
    return labels


def test_labels() -> None:
    """They say what machine this is; there are no tags among them, whatever is gathered."""
    expected = {
        "cloud": "AzureCloud",
        "location": "westeurope",
        "zone": "1",
        "vm_size": "Standard_D2s_v3",
        "name": "web-01",
        "vm_id": VM_ID,
        "source": "imds",
    }
    for gather in ("all", "tags", "compute.zone"):
        chosen = build_settings({"gather": gather}, {}).gather
        assert read_labels(dump_info(build(build_document(), gather=chosen))) == expected


@pytest.mark.parametrize("name", ODD)
def test_odd_values(name: str) -> None:
    """Whatever stands in a field, one sample is read back, with what can be seen of the value."""
    text = dump_info(build(build_document(name=name)))
    shown = "".join(character if character.isprintable() else "?" for character in name)
    assert read_labels(text)["name"] == shown
    assert len(text.splitlines()) == 4


@pytest.mark.parametrize("value", [None, 5, ["x"], {"a": "b"}, True])
def test_values_that_are_no_text(value: object) -> None:
    """They have no place in a label."""
    assert read_labels(dump_info(build(build_document(zone=value))))["zone"] == ""


def test_bounds() -> None:
    """A label is bounded, and so is the file."""
    text = dump_info(build(build_document(name="x" * 1_000_000, location="ü" * 500)))
    assert len(read_labels(text)["name"]) == 256
    assert len(text) < 10_000


def test_without_compute() -> None:
    """What a classic VM's document lacks is empty."""
    labels = read_labels(dump_info(build({"network": {"interface": []}})))
    assert labels == {**dict.fromkeys(labels, ""), "cloud": "Unknown", "source": "imds"}


@pytest.mark.parametrize(("source", "told"), [("cache", "imds"), ("stale", "stale"), ("cloud-init", "cloud-init")])
def test_source(source: str, told: str) -> None:
    """Whether the answer was kept makes no second series; what is old says so."""
    assert read_labels(dump_info(build(build_document(), source=source)))["source"] == told


def test_read_back() -> None:
    """The writer reads its own file, and marks it stale, as it does with local facts."""
    content = build(build_document())
    assert load_info(dump_info(content).encode()) == content
    assert content["snapshot"] == {
        "vm_id": VM_ID,
        "platform": "vm",
        "partial": False,
        "source": "imds",
        "boot_id": "boot",
        "fetched_at": "2026-11-27T10:00:00Z",
    }
    stale = {**content, "snapshot": {**content["snapshot"], "source": "stale"}}
    assert read_labels(dump_info(stale))["source"] == "stale"


@pytest.mark.parametrize("text", [b"", b"up 1\n", b"# HELP x y\n", b"{}", b"# {broken\n", b"\xff\xfe"])
def test_foreign_text(text: bytes) -> None:
    """Another program's metrics are not this one's."""
    with pytest.raises(ValueError, match=r".*"):
        load_info(text)


def test_promtool_finds_no_fault() -> None:
    """Prometheus' own linter takes the metric as it is."""
    if shutil.which("promtool") is None:
        pytest.skip("promtool is missing: apt-get install prometheus")
    text = dump_info(build(build_document(name=json.dumps(ODD))))
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
