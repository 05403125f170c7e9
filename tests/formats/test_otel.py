# SPDX-License-Identifier: Apache-2.0
"""Test facts as OpenTelemetry's resource attributes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import Any

import pytest

from tests.support.command_line import Run
from tests.support.documents import VM_ID, build_document
from tests.support.servers import RawServer, answering

ODD = "a,b=c;d e%2C\"'\\größe 日本\t$(id)`id`&|<>"


def print_attributes(run: Run, document: dict[str, Any], *flags: str) -> str:
    """Return what the format prints for a document."""
    with RawServer(answering(json.dumps(document).encode())) as server:
        return run("facts", "--endpoint", server.url, "--format", "otel", *flags).out.rstrip("\n")


def read_attributes(value: str) -> dict[str, str]:
    """Return the attributes that OpenTelemetry's SDK for Python makes of the variable, in a process of its own."""
    pytest.importorskip("opentelemetry.sdk.resources")
    program = (
        "import json; from opentelemetry.sdk.resources import OTELResourceDetector;"
        "print(json.dumps(dict(OTELResourceDetector().detect().attributes)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env={"OTEL_RESOURCE_ATTRIBUTES": value}, capture_output=True, check=True
    )
    read: dict[str, str] = json.loads(done.stdout)
    return read


def test_attributes(run: Run) -> None:
    """A field that the document has is there, empty or not; one that it lacks is not; no tags, whatever is gathered."""
    document = build_document(vmScaleSetName="", osType="Linux", version="1")
    read = read_attributes(print_attributes(run, document, "--gather", "tags"))
    assert read == {
        "azure.vm.scaleset.name": "",
        "cloud.platform": "azure_vm",
        "cloud.provider": "azure",
        "cloud.region": "westeurope",
        "host.id": VM_ID,
        "host.name": "web-01",
        "host.type": "Standard_D2s_v3",
        "os.type": "Linux",
        "os.version": "1",
        "service.instance.id": VM_ID,
    }


def test_odd_values(run: Run) -> None:
    """Commas, equals signs, percents, blanks and letters of any script come out as they were."""
    printed = print_attributes(run, build_document(name=ODD, sku=7))
    assert re.fullmatch(r"[A-Za-z0-9_.~%=,/:@+-]+", printed)
    read = read_attributes(printed)
    assert read["host.name"] == ODD
    assert "azure.vm.sku" not in read
    assert len(read) == 7


def test_bounds(run: Run) -> None:
    """A value is bounded: an environment has little room."""
    assert len(print_attributes(run, build_document(name="x" * 500_000))) < 2000


def test_without_compute(run: Run) -> None:
    """Without compute there are provider and platform alone."""
    assert print_attributes(run, {"network": {"interface": []}}) == "cloud.platform=azure_vm,cloud.provider=azure"
