# SPDX-License-Identifier: Apache-2.0
"""All that can be chosen about an emulator, with the only defaults there are."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from .clouds import Cloud, find_cloud
from .errors import EmulatorError, choices
from .identities import TENANT_ID
from .limits import Quota
from .machine import FilteredMachine, Machine, RawMachine
from .planning import PlannedEvent
from .versions import INSTANCE_VERSIONS
from .vms import build_document, hide_public_addresses

__all__ = ["ERAS", "Settings", "build_machine", "check_settings", "known_versions"]

ERAS = ("now", "2019", "2017")


@dataclass(frozen=True)
class Settings:
    """One emulator's settings.

    `document` replaces the example machine (`vms`); with `raw` it is served as it is. `changes` are (path,
    value), `tags` are (name, value). `versions` None: those of the cloud. `era` chooses the body of a wrong
    api-version.
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
    identity_concurrency: int = 5
    retry_after: float | None = None
    faults: tuple[tuple[str, str], ...] = ()
    load_balancer: object = None
    identities: tuple[str, ...] = ("system",)
    tenant_id: str = TENANT_ID
    token_lifetime: float = 86400
    events: tuple[PlannedEvent, ...] = ()
    event_clock: float = 1
    events_delay: float = 0

    @property
    def quota(self) -> Quota:
        """The limits as one value."""
        return Quota(self.rate_limit, self.identity_rate_limit, self.identity_concurrency, self.retry_after)


def check_settings(settings: Settings) -> None:
    """Refuse settings that cannot be followed.

    Raises:
        EmulatorError: names the setting and the allowed values.
    """
    find_cloud(settings.cloud)
    _check_address(settings)
    if settings.era not in ERAS:
        raise EmulatorError(f"unknown era {settings.era!r}; allowed: {choices(ERAS)}")
    if not 0 <= settings.port <= 65535:
        raise EmulatorError(f"port {settings.port}: allowed: 0 to 65535, 0 for a free one")
    if settings.raw and settings.document is None:
        raise EmulatorError("raw serves a document as it is; give one")
    if settings.event_clock <= 0:
        raise EmulatorError(f"event clock {settings.event_clock:g}: allowed: more than 0, 60 for a minute a second")
    for version in settings.versions or ():
        if len(version) != 10 or not version.replace("-", "").isdigit():
            raise EmulatorError(f"api-version {version!r}: expected a date such as {INSTANCE_VERSIONS[-1]}")


def _check_address(settings: Settings) -> None:
    try:
        address = ipaddress.ip_address(settings.bind)
    except ValueError as error:
        raise EmulatorError(
            f"bind {settings.bind!r}: expected an IP address such as 127.0.0.1 or ::1"
        ) from error
    if not address.is_loopback and not settings.allow_remote:
        raise EmulatorError(
            f"bind {settings.bind}: not a loopback address; whoever can reach it gets metadata and tokens;"
            " allow it with --allow-remote"
        )


def known_versions(settings: Settings) -> tuple[str, ...]:
    """Return the api-versions that the emulator knows, oldest first."""
    cloud: Cloud = find_cloud(settings.cloud)
    return tuple(sorted(cloud.versions if settings.versions is None else settings.versions))


def build_machine(settings: Settings) -> Machine:
    """Build the machine that is served.

    Raises:
        EmulatorError: the document, a change or a profile is wrong.
    """
    machine: Machine
    if settings.raw:
        machine = RawMachine(settings.document)
    elif settings.document is not None:
        machine = FilteredMachine(settings.document, where=settings.document_name)
    else:
        document = build_document(cloud=find_cloud(settings.cloud), vms=settings.vms)
        if settings.load_balancer is not None:
            hide_public_addresses(document)
        machine = FilteredMachine(document)
    for path, value in settings.changes:
        machine.set(path, value)
    for name, value in settings.tags:
        machine.tag(name, value)
    return machine
