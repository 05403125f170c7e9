# SPDX-License-Identifier: Apache-2.0
"""The table of settings. Flags, keys of scenario files and arguments of `Emulator` are derived from it."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING

from azure_imds_facts.emulator.endpoints.attested_faults import ATTESTED_FAULTS
from azure_imds_facts.emulator.endpoints.proxy_agent import MODES, STATES
from azure_imds_facts.emulator.errors import format_choices
from azure_imds_facts.emulator.http.limits import Quota
from azure_imds_facts.emulator.quantities import check_duration, read_number
from azure_imds_facts.emulator.vm.clouds import CLOUDS
from azure_imds_facts.emulator.vm.event_plans import EVENT_OPTIONS
from azure_imds_facts.emulator.vm.events import EVENT_KINDS
from azure_imds_facts.emulator.vm.identities import TENANT_ID
from azure_imds_facts.emulator.vm.load_balancers import LOAD_BALANCERS
from azure_imds_facts.emulator.vm.profiles import PROFILES

from . import readers
from .readers import quantity_reader, scalar_reader
from .setting import APPEND, REPLACE, Setting, describe
from .validators import ERAS, parse_attested_fault, parse_cloud, parse_era, parse_port, parse_proxy_agent

if TYPE_CHECKING:
    from azure_imds_facts.emulator.vm.event_plans import EventPlan

__all__ = ["BEHAVIOUR", "ENDPOINTS", "LIMITS", "MACHINE", "PROCESS", "SETTINGS", "Settings"]

MACHINE, BEHAVIOUR, ENDPOINTS, PROCESS = "the machine", "behaviour of IMDS", "other endpoints", "the process"
_TEXT, _NUMBER, _DURATION = scalar_reader(str), quantity_reader(read_number), quantity_reader(check_duration)


@dataclass(frozen=True)
class Settings:
    """The settings of one emulator: the values, with the only defaults.

    document: replaces the example machine, which `vms` describes; JSON, or anything with `raw`.
    document_name: names the document in messages.
    changes, tags, faults: pairs of path and value, name and value, path and script.
    versions: None for those of the cloud.
    retry_after, token_lifetime, events_delay: seconds; `retry_after` None sends no such header.
    proxy_agent: `MODE[:STATE]`; empty for none.
    load_balancer: the name of a profile, or the content of `loadbalancer`; None for no load balancer.
    control, export_keys: paths of a Unix socket and a directory; empty for none.
    """

    cloud: str = field(
        default="public",
        metadata=describe(MACHINE, "--cloud NAME", f"cloud: {format_choices(CLOUDS)}", scalar_reader(parse_cloud)),
    )
    vms: tuple[str, ...] = field(
        default=("linux",),
        metadata=describe(
            MACHINE,
            "--vm NAME",
            f"example machine: {format_choices(PROFILES)}",
            readers.PROFILES,
            repeat=REPLACE,
            key="vm",
        ),
    )
    document: object = field(
        default=None,
        metadata=describe(
            MACHINE,
            "--document FILE",
            "JSON document that replaces the example machine's",
            readers.DOCUMENT,
            raw_reader=readers.RAW_DOCUMENT,
        ),
    )
    document_name: str = "document"
    raw: bool = field(
        default=False,
        metadata=describe(MACHINE, "--raw", "serve the document unchanged in every api-version", readers.SWITCH),
    )
    keep_unknown: bool = field(
        default=False,
        metadata=describe(
            MACHINE, "--keep-unknown", "serve fields that no api-version has, with every api-version", readers.SWITCH
        ),
    )
    changes: tuple[tuple[str, object], ...] = field(
        default=(),
        metadata=describe(
            MACHINE,
            "--set PATH=VALUE",
            "set a field of the document, such as compute.zone=2",
            readers.CHANGES,
            raw_reader=readers.RAW_CHANGES,
            repeat=APPEND,
            key="set",
        ),
    )
    tags: tuple[tuple[str, str], ...] = field(
        default=(),
        metadata=describe(MACHINE, "--tag NAME=VALUE", "add or change a tag", readers.TAGS, repeat=APPEND),
    )
    versions: tuple[str, ...] | None = field(
        default=None,
        metadata=describe(
            BEHAVIOUR,
            "--versions LIST",
            "api-versions to support, separated by commas",
            readers.VERSIONS,
            default="the cloud's",
        ),
    )
    era: str = field(
        default="now",
        metadata=describe(
            BEHAVIOUR,
            "--era ERA",
            f"how an invalid api-version is refused: {format_choices(ERAS)}",
            scalar_reader(parse_era),
        ),
    )
    rate_limit: float = field(
        default=Quota.rate_limit,
        metadata=describe(BEHAVIOUR, "--rate-limit N", "allowed requests a second; 0 turns all limits off", _NUMBER),
    )
    identity_rate_limit: float = field(
        default=Quota.identity_rate_limit,
        metadata=describe(BEHAVIOUR, "--identity-rate-limit N", "allowed identity requests a second", _NUMBER),
    )
    retry_after: float | None = field(
        default=Quota.retry_after,
        metadata=describe(BEHAVIOUR, "--retry-after TIME", "header Retry-After of a 429", _DURATION, default="none"),
    )
    faults: tuple[tuple[str, str], ...] = field(
        default=(),
        metadata=describe(
            BEHAVIOUR,
            "--fault [PATH=]SCRIPT",
            "a fault for each request in turn, such as 410*3,500,hang or 503*forever; with PATH only below it",
            readers.FAULTS,
            repeat=APPEND,
        ),
    )
    proxy_agent: str = field(
        default="",
        metadata=describe(
            BEHAVIOUR,
            "--proxy-agent MODE[:STATE]",
            f"metadata proxy agent: {format_choices(MODES)}; states: {format_choices(STATES)}",
            scalar_reader(parse_proxy_agent),
            default="none",
        ),
    )
    attested_fault: str = field(
        default="",
        metadata=describe(
            ENDPOINTS,
            "--attested-fault FAULT",
            f"what is wrong with signed documents: {format_choices(ATTESTED_FAULTS)}",
            scalar_reader(parse_attested_fault),
            default="nothing",
        ),
    )
    load_balancer: object = field(
        default=None,
        metadata=describe(
            ENDPOINTS,
            "--load-balancer NAME",
            f"load balancer: {format_choices(LOAD_BALANCERS)}, or a JSON file",
            readers.LOAD_BALANCER,
            default="none",
        ),
    )
    identities: tuple[str, ...] = field(
        default=("system",),
        metadata=describe(
            ENDPOINTS,
            "--identity NAME",
            "managed identity: system, none, or the name of a user-assigned one",
            readers.IDENTITIES,
            repeat=REPLACE,
        ),
    )
    tenant_id: str = field(
        default=TENANT_ID,
        metadata=describe(ENDPOINTS, "--tenant-id GUID", "tenant of the identities", _TEXT, default="an example"),
    )
    token_lifetime: float = field(
        default=86400,
        metadata=describe(ENDPOINTS, "--token-lifetime TIME", "lifetime of a token", _DURATION, default="24h"),
    )
    events: tuple[EventPlan, ...] = field(
        default=(),
        metadata=describe(
            ENDPOINTS,
            "--event TYPE[:OPTION=VALUE]",
            f"scheduled event, as in Reboot:notice=10m; types: {format_choices(EVENT_KINDS)};"
            f" options: {format_choices(EVENT_OPTIONS)}",
            readers.EVENTS,
            repeat=APPEND,
        ),
    )
    event_clock: float = field(
        default=1,
        metadata=describe(ENDPOINTS, "--event-clock N", "let the time of events run N times faster", _NUMBER),
    )
    events_delay: float = field(
        default=0,
        metadata=describe(
            ENDPOINTS, "--events-delay TIME", "delay of the first answer about events", _DURATION, default="0s"
        ),
    )
    export_keys: str = field(
        default="",
        metadata=describe(
            ENDPOINTS, "--export-keys DIR", "write the public keys and certificates to DIR", readers.FILE
        ),
    )
    port: int = field(
        default=0,
        metadata=describe(PROCESS, "--port N", "port to listen on", scalar_reader(parse_port), default="a free one"),
    )
    bind: str = field(
        default="127.0.0.1",
        metadata=describe(PROCESS, "--bind ADDRESS", "address to listen on", _TEXT),
    )
    allow_remote: bool = field(
        default=False,
        metadata=describe(
            PROCESS, "--allow-remote", "allow a --bind address that other machines can reach", readers.SWITCH
        ),
    )
    allow_hosts: tuple[str, ...] = field(
        default=(),
        metadata=describe(
            PROCESS, "--allow-host NAME", "answer requests for this host name too", readers.HOSTS, repeat=APPEND
        ),
    )
    control: str = field(
        default="",
        metadata=describe(PROCESS, "--control SOCKET", "Unix socket for changes while the emulator runs", readers.FILE),
    )

    @property
    def quota(self) -> Quota:
        """The limits as one value."""
        return Quota(**{name: getattr(self, name) for name in LIMITS})


def _complete(row: Setting, name: str, default: object) -> Setting:
    """Add what a row takes from its field."""
    text = (
        ", ".join(default)
        if isinstance(default, tuple)
        else ""
        if default is None or default is False
        else str(default)
    )
    return replace(row, name=name, key=row.key or name, default=row.default or text)


SETTINGS = tuple(
    _complete(each.metadata["setting"], each.name, each.default) for each in fields(Settings) if each.metadata
)
# The settings that are fields of a quota. They can be changed at run time.
LIMITS = tuple(row.name for row in SETTINGS if row.name in {each.name for each in fields(Quota)})
