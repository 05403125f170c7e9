# SPDX-License-Identifier: Apache-2.0
"""All that can be chosen about an emulator, with the only defaults there are."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from azure_imds_facts.emulator.errors import EmulatorError, choices
from azure_imds_facts.emulator.http.limits import Quota
from azure_imds_facts.emulator.versions import INSTANCE_VERSIONS
from azure_imds_facts.emulator.vm.clouds import find_cloud
from azure_imds_facts.emulator.vm.identities import TENANT_ID
from azure_imds_facts.emulator.vm.machine import FilteredMachine, Machine, RawMachine
from azure_imds_facts.emulator.vm.profiles import build_document, hide_public_addresses

if TYPE_CHECKING:
    from azure_imds_facts.emulator.vm.event_plans import PlannedEvent

__all__ = [
    "ERAS",
    "Settings",
    "build_machine",
    "check_era",
    "check_port",
    "check_settings",
    "check_version",
    "known_versions",
]

ERAS = ("now", "2019", "2017")
_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Settings:
    """One emulator's settings.

    document: replaces the example machine (`vms`); with `raw` it is served as it is.
    changes, tags, faults: pairs of path and value, name and value, path and script.
    versions: None for those of the cloud.
    era: how a wrong api-version is refused.
    rate_limit, identity_rate_limit: requests a second, 0 for no limit.
    retry_after, token_lifetime, events_delay: seconds; `retry_after` None sends no header.
    load_balancer: a profile's name or what stands inside `loadbalancer`; None for none.
    event_clock: how many times faster than in Azure events go by.
    control, export_keys: a Unix socket's path and a directory, "" for none.
    """

    cloud: str = "public"
    vms: tuple[str, ...] = ("linux",)
    document: object = None
    document_name: str = "document"
    raw: bool = False
    changes: tuple[tuple[str, object], ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    versions: tuple[str, ...] | None = None
    era: str = "now"
    bind: str = "127.0.0.1"
    port: int = 0
    allow_remote: bool = False
    rate_limit: float = 5
    identity_rate_limit: float = 20
    retry_after: float | None = None
    faults: tuple[tuple[str, str], ...] = ()
    load_balancer: object = None
    identities: tuple[str, ...] = ("system",)
    tenant_id: str = TENANT_ID
    token_lifetime: float = 86400
    events: tuple[PlannedEvent, ...] = ()
    event_clock: float = 1
    events_delay: float = 0
    control: str = ""
    export_keys: str = ""

    @property
    def quota(self) -> Quota:
        """The limits as one value."""
        return Quota(self.rate_limit, self.identity_rate_limit, retry_after_s=self.retry_after)


def check_era(name: str) -> str:
    """Return the name of an era of error bodies.

    Raises:
        EmulatorError: there is none by that name.
    """
    if name not in ERAS:
        raise EmulatorError(f"unknown era {name!r}; allowed: {choices(ERAS)}")
    return name


def check_port(text: str) -> int:
    """Return a port.

    Raises:
        EmulatorError: it is no number, or none that a port can have.
    """
    if not text.isdigit() or len(text) > 5 or int(text) > 65535:
        raise EmulatorError(f"port {text}: allowed: 0 to 65535, 0 for a free one")
    return int(text)


def check_version(version: str) -> str:
    """Return an api-version, which need not be one that Azure has.

    Raises:
        EmulatorError: it is no date.
    """
    if not _VERSION.fullmatch(version):
        raise EmulatorError(f"api-version {version!r}: expected a date such as {INSTANCE_VERSIONS[-1]}")
    return version


def check_settings(settings: Settings) -> None:
    """Refuse settings that cannot be followed.

    Raises:
        EmulatorError: names the setting and the allowed values.
    """
    find_cloud(settings.cloud)
    check_era(settings.era)
    check_port(str(settings.port))
    for version in settings.versions or ():
        check_version(version)
    _check_address(settings)
    if settings.raw and settings.document is None:
        raise EmulatorError("raw serves a document as it is; give one with --document")
    if settings.rate_limit < 0 or settings.identity_rate_limit < 0:
        raise EmulatorError("rate limit: allowed: 0 for none, or so many requests a second")
    if settings.event_clock <= 0:
        raise EmulatorError(f"event clock {settings.event_clock:g}: allowed: more than 0, 60 for a minute a second")


def _check_address(settings: Settings) -> None:
    try:
        address = ipaddress.ip_address(settings.bind)
    except ValueError as error:
        raise EmulatorError(f"bind {settings.bind!r}: expected an IP address such as 127.0.0.1 or ::1") from error
    if not address.is_loopback and not settings.allow_remote:
        raise EmulatorError(
            f"bind {settings.bind}: not a loopback address; whoever can reach it gets metadata and tokens;"
            " allow it with --allow-remote"
        )


def known_versions(settings: Settings) -> tuple[str, ...]:
    """Return the api-versions that the emulator knows, oldest first."""
    given = settings.versions
    return tuple(sorted(find_cloud(settings.cloud).versions if given is None else given))


def build_machine(settings: Settings) -> Machine:
    """Build the machine that is served.

    Raises:
        EmulatorError: the document, a change or a profile is wrong.
    """
    machine = _describe(settings)
    for path, value in settings.changes:
        machine.set(path, value)
    for name, value in settings.tags:
        machine.tag(name, value)
    return machine


def _describe(settings: Settings) -> Machine:
    if settings.raw:
        return RawMachine(settings.document)
    if settings.document is not None:
        return FilteredMachine(settings.document, where=settings.document_name)
    document = build_document(cloud=find_cloud(settings.cloud), vms=settings.vms)
    if settings.load_balancer is not None:
        hide_public_addresses(document)
    return FilteredMachine(document)
