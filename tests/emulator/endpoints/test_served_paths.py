# SPDX-License-Identifier: Apache-2.0
"""Whether anything is served at a path, and the warning for a fault where nothing is."""

from __future__ import annotations

import pytest
from azure_imds_facts.emulator.endpoints.served_paths import is_served
from azure_imds_facts.emulator.vm.fields import load_instance_tree

from tests.emulator.processes import StartCommand

ENDPOINTS = [("metadata", "instance"), ("metadata", "versions"), ("metadata", "identity", "oauth2", "token")]


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "",
        "/metadata",
        "/Metadata/Instance/",
        "/metadata/identity",
        "/metadata/identity/oauth2/token",
        "/metadata/instance/compute/tagslist",
        "/metadata/instance/compute/tagsList/0/name",
        "/metadata/instance/network/interface/1/macAddress",
    ],
)
def test_served_paths(path: str) -> None:
    """Endpoints, what is above them, and fields of the document are served."""
    assert is_served(path, ENDPOINTS, load_instance_tree())


@pytest.mark.parametrize(
    "path",
    [
        "/metadata/instance/compute/tagList",
        "/metadata/instance/network/interface/x",
        "/metadata/instances",
        "/metadata/versions/1",
        "/metadata/loadbalancer",
        "metadata/instance",
        "/meta",
    ],
)
def test_paths_that_are_not_served(path: str) -> None:
    """A misspelt path, one that this machine lacks, and one without its slash are not."""
    assert not is_served(path, ENDPOINTS, load_instance_tree())


def test_any_field_can_be_served() -> None:
    """A raw document can have any field."""
    assert is_served("/metadata/instance/novelty", ENDPOINTS, None)
    assert not is_served("/metadata/novelty", ENDPOINTS, None)


def test_a_fault_that_no_request_may_meet(start_command: StartCommand) -> None:
    """The command warns of it and serves all the same."""
    path = "/metadata/instance/compute/tagList"
    command = start_command("--fault", f"{path}=429", "--fault", "/metadata/instance=503")
    warnings = [line for line in command.stop()[1].splitlines() if line.startswith("warning")]
    assert warnings == [f"warning: fault '{path}': the emulator serves nothing at this path or below it"]
