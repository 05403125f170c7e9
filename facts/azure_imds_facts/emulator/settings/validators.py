# SPDX-License-Identifier: Apache-2.0
"""Parsers of single settings that have a fixed form or a list of allowed values."""

from __future__ import annotations

import ipaddress
import re

from azure_imds_facts.emulator.endpoints.attested_faults import ATTESTED_FAULTS
from azure_imds_facts.emulator.endpoints.proxy_agent import parse_agent_plan
from azure_imds_facts.emulator.errors import EmulatorError, check_choice, format_value
from azure_imds_facts.emulator.versions import INSTANCE_VERSIONS
from azure_imds_facts.emulator.vm.clouds import find_cloud

__all__ = [
    "ERAS",
    "parse_attested_fault",
    "parse_cloud",
    "parse_era",
    "parse_host",
    "parse_port",
    "parse_proxy_agent",
    "parse_version",
]

ERAS = ("now", "2019", "2017")
_HOST = re.compile(r"[0-9A-Za-z_-]+(\.[0-9A-Za-z_-]+)*\.?", re.ASCII)
_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def parse_attested_fault(name: str) -> str:
    """Return the name of a fault of signed documents.

    Raises:
        EmulatorError: the fault is unknown.
    """
    check_choice("attested fault", name, tuple(ATTESTED_FAULTS))
    return name


def parse_cloud(name: str) -> str:
    """Return the name of a cloud.

    Raises:
        EmulatorError: the cloud is unknown.
    """
    return find_cloud(name).name


def parse_era(name: str) -> str:
    """Return the name of an era of error bodies.

    Raises:
        EmulatorError: the era is unknown.
    """
    check_choice("era", name, ERAS)
    return name


def parse_host(text: str) -> str:
    """Return the name or the address of a host.

    Raises:
        EmulatorError: the text is neither, or has a port.
    """
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        if not _HOST.fullmatch(text):
            raise EmulatorError(
                f"invalid host {format_value(text)}; expected a name without a port, such as imds or vm.example.com"
            ) from None
        return text


def parse_port(text: str) -> int:
    """Return a port.

    Raises:
        EmulatorError: the text is not a number, or the number not a port.
    """
    if not (text.isascii() and text.isdigit()) or len(text) > 5 or int(text) > 65535:
        raise EmulatorError(f"invalid port {format_value(text)}; allowed: 0 to 65535, 0 for a free one")
    return int(text)


def parse_proxy_agent(text: str) -> str:
    """Return the mode and state of a metadata proxy agent.

    Raises:
        EmulatorError: one of them is unknown.
    """
    parse_agent_plan(text)
    return text


def parse_version(version: str) -> str:
    """Return an api-version, even one that Azure does not have.

    Raises:
        EmulatorError: the text is not a date.
    """
    if not _VERSION.fullmatch(version):
        raise EmulatorError(
            f"invalid api-version {format_value(version)}; expected a date such as {INSTANCE_VERSIONS[-1]}"
        )
    return version
