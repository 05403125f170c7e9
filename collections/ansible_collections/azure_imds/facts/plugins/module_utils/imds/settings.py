# SPDX-License-Identifier: Apache-2.0
"""Settings, with one meaning in every adapter: an explicit argument beats the environment beats the default."""

from __future__ import annotations

import os
import re

from . import document, errors, records, versions
from .reporter import mask_credentials, printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from .records import JsonObject


DEFAULT_ENDPOINT = "http://169.254.169.254"
DEFAULT_TIMEOUT_S = 5.0
DEFAULT_GATHER = ("compute", "network", "tags")
DISABLED = "AZURE_IMDS_DISABLED"
ARC = "AZURE_IMDS_ARC"
# What may be given for a directory, in words.
ABSOLUTE = "the absolute path of a directory, in which `~` may stand for your home"
_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_ENDPOINT = rf"http://((?i:localhost)|{_OCTET}(?:\.{_OCTET}){{3}}|\[[0-9A-Fa-f:.]+\])(?::([0-9]{{1,5}}))?/?"


@records.record
class ExtraCategory:
    """A category behind an endpoint of its own, which is asked only where it is gathered.

    `fact`: its name among the facts. `field`: what the answer has to hold, of the Python type `kind`. `version`: its
    own api-version, None where it shares the instance's. `is_cached`: whether an answer counts for `cache_ttl`.
    `empty`: what an empty body means, None for a damaged answer.
    """

    fact: str
    path: str
    field: str
    kind: type
    version: str | None = None
    is_cached: bool = True
    empty: object = None


# Name in `gather` → category.
EXTRA_CATEGORIES = {
    "load_balancer": ExtraCategory(fact="loadBalancer", path="/metadata/loadbalancer", field="loadbalancer", kind=dict),
    # Never cached: an event may start any second. The first request ever switches the service on for this VM.
    "scheduled_events": ExtraCategory(
        fact="scheduledEvents",
        path="/metadata/scheduledevents",
        field="Events",
        kind=list,
        version=versions.SCHEDULED_EVENTS[0],
        is_cached=False,
        # Recorded: 200 without a body where nothing is planned.
        empty={"DocumentIncarnation": None, "Events": []},
    ),
    # The token endpoint beside it is never asked: access tokens are no facts.
    "identity": ExtraCategory(fact="identity", path="/metadata/identity/info", field="tenantId", kind=str),
}
CATEGORIES = (*DEFAULT_GATHER, *EXTRA_CATEGORIES)
# Name in `gather` → the categories that it stands for.
_MEMBERS = {**{name: (name,) for name in CATEGORIES}, "all": CATEGORIES}
# Category → its name in `gather`, where they differ.
NAMES = {row.fact: name for name, row in EXTRA_CATEGORIES.items()}
_NETWORK = """
    interface macAddress macAddresses subnetIpv4 privateIpv4 privateIpv4Addresses publicIpv4 publicIpv4Addresses
    privateIpv6 privateIpv6Addresses publicIpv6 publicIpv6Addresses
"""
# All paths below these categories; what stands below the others is IMDS's.
PATHS = {
    "network": _NETWORK.split(),
    "scheduled_events": ["incarnation", "events", "pending", "nextNotBefore", "nextType"],
    "identity": ["tenantId"],
}


@records.record
class Settings:
    """The settings of a collection.

    `timeout` and `cache_ttl` are seconds, `timeout` for the whole collection. `api_version` None: negotiate.
    `cache_dir` None: no cache. `gather`: one of `CATEGORIES` → True for all of it, or field → the same again, `""` for
    other fields. `reveal` holds names of `document.SENSITIVE`. `arc`: whether the environment says that Azure Arc's
    agent is installed, None where it is to be left alone. `platform`: `vm`, or `arc` once detection found that agent.
    """

    endpoint: str = DEFAULT_ENDPOINT
    api_version: str | None = None
    timeout: float = DEFAULT_TIMEOUT_S
    detect: str = "auto"
    cache_ttl: float = 60.0
    cache_dir: str | None = None
    gather: JsonObject = dict.fromkeys(DEFAULT_GATHER, True)
    reveal: tuple[str, ...] = ()
    is_disabled: bool = False
    arc: bool | None = False
    platform: str = "vm"

    @property
    def reads_cache(self) -> bool:
        """Return whether a fresh cached answer may do; what is to be revealed is never in the cache."""
        return self.cache_ttl > 0 and not self.reveal


def is_azure_address(endpoint: str) -> bool:
    """Return whether an endpoint is Azure's own, at which only this VM can be meant."""
    return endpoint == DEFAULT_ENDPOINT


def build_settings(
    explicit: Mapping[str, object],
    environ: Mapping[str, str],
    *,
    timeout: float = DEFAULT_TIMEOUT_S,
    cache_dir: str | None = None,
    spell: Callable[[str], str] = str,
) -> Settings:
    """Return settings from an adapter's arguments (None: not given) and the environment (empty: not given).

    `timeout` and `cache_dir` are the adapter's own defaults, `spell` returns what its users call a setting. Raises
    UsageError for an unknown name or a value that is not allowed.
    """
    unknown = sorted(str(name) for name in set(explicit).difference(SETTINGS))
    if unknown:
        raise errors.UsageError(f"Unknown setting {', '.join(unknown)}.", hint=f"Known are {', '.join(SETTINGS)}.")
    values: JsonObject = {}
    for name, (_kind, parse, allowed) in SETTINGS.items():
        given, origin = explicit.get(name), spell(name)
        if given is None:
            origin = f"AZURE_IMDS_{name.upper()}"
            given = environ.get(origin) or None
        try:
            if given is not None:
                values[name] = parse(given)
        except (TypeError, LookupError, ValueError, OverflowError, OSError, RecursionError):
            refused = f"{origin} cannot be {printable(mask_credentials(given))!r}."
            raise errors.UsageError(refused, hint=f"Give {allowed}.") from None
    values.setdefault("timeout", timeout)
    values.setdefault("cache_dir", cache_dir or _default_cache_dir(environ))
    if not is_azure_address(values.get("endpoint", DEFAULT_ENDPOINT)):
        # An endpoint that was named is known to answer.
        values.setdefault("detect", "skip")
    # Both are set where Azure Arc's agent is installed.
    has_signs = bool(environ.get("IMDS_ENDPOINT") and environ.get("IDENTITY_ENDPOINT"))
    return Settings(
        is_disabled=environ.get(DISABLED, "").strip().lower() in ("1", "true", "yes", "on"),
        arc=None if environ.get(ARC, "").strip().lower() in ("0", "false", "no", "off") else has_signs,
        **values,
    )


def _default_cache_dir(environ: Mapping[str, str]) -> str | None:
    """Return root's directory, or the user's own or None."""
    if getattr(os, "geteuid", lambda: 1)() == 0:
        return "/run/azure-imds-facts"
    runtime = environ.get("XDG_RUNTIME_DIR", "")
    return os.path.join(runtime, "azure-imds-facts") if os.path.isabs(runtime) else None


def _parse_endpoint(given: object) -> str:
    """Return the endpoint without a trailing `/` and `:80`.

    Only IP literals and `localhost` are allowed: a name would be resolved by a server that may not be trusted.
    """
    found = re.fullmatch(_ENDPOINT, given) if isinstance(given, str) else None
    host, port = found.groups("80") if found else ("", "0")
    if not 0 < int(port) <= 65535:
        raise ValueError
    if host[0] == "[":
        import ipaddress  # noqa: PLC0415  only an endpoint that is not Azure's can be IPv6

        ipaddress.IPv6Address(host[1:-1])
    return f"http://{host.lower()}" + (f":{int(port)}" if int(port) != 80 else "")


def _parse_api_version(given: object) -> str:
    # YAML reads an unquoted 2021-02-01 as a date, whose text is the version again.
    return versions.KNOWN[versions.KNOWN.index(str(given))]


def _parse_seconds(given: object, *, least: float = 0.0) -> float:
    seconds = float(given) if isinstance(given, (str, int, float)) and not isinstance(given, bool) else -1.0
    if not least <= seconds < float("inf"):
        raise ValueError
    return seconds


def _parse_detect(given: object) -> str:
    if given not in ("auto", "skip"):
        raise ValueError
    return str(given)


def parse_directory(given: Any) -> str:
    """Return the absolute path of a directory, with `~` expanded. Raises TypeError or ValueError for anything else."""
    path: str = os.path.expanduser(given)
    if not os.path.isabs(path) or "\0" in path:
        raise ValueError
    return os.path.abspath(path)


def _parse_gather(given: object) -> JsonObject:
    """Return what is chosen (`Settings.gather`). `!name` leaves out of what stands before it, or of the default."""
    names = _split_names(given)
    chosen: Any = {"": False, **dict.fromkeys(DEFAULT_GATHER, names and names[0][:1] == "!")}
    for name in names:
        is_wanted = name[:1] != "!"
        for parts in _list_paths(name[not is_wanted :].lstrip()):
            chosen = _choose(chosen, parts, is_wanted=is_wanted)
    return {name: chosen[name] for name in CATEGORIES if chosen.get(name)}


def _list_paths(name: str) -> list[list[str]]:
    """Return the paths that a name stands for, in parts. Raises LookupError or ValueError."""
    category, dot, path = name.partition(".")
    if not dot:
        return [[member] for member in _MEMBERS[category]]
    (category,) = _MEMBERS[NAMES.get(category, category)]
    is_tag = category == "tags"
    parts = [path] if is_tag else path.split(".")
    if not (path if is_tag else all(map(str.isidentifier, parts))) or path not in PATHS.get(category, [path]):
        raise ValueError
    return [[category, *parts]]


def _choose(chosen: Any, parts: list[str], *, is_wanted: bool) -> Any:
    """Return a choice with a path added or left out."""
    if not parts or chosen is is_wanted:
        return is_wanted
    inside = chosen if isinstance(chosen, dict) else {"": chosen}
    return {**inside, parts[0]: _choose(inside.get(parts[0], inside[""]), parts[1:], is_wanted=is_wanted)}


def _parse_reveal(given: object) -> tuple[str, ...]:
    return tuple(sorted(set(_split_names(given)), key=[*document.SENSITIVE].index))


def _split_names(given: Any) -> list[str]:
    """Return the names in a list, or in a text with commas. Blanks around them do not count."""
    texts = given if isinstance(given, (list, tuple)) else [given]
    return [name.strip() for text in texts for name in str.split(text, ",")]


# Setting → its type in Ansible's terms, the parser, and what may be given in words. For anything else a parser raises
# what `build_settings` catches.
SETTINGS: dict[str, tuple[str, Callable[[object], object], str]] = {
    "endpoint": (
        "str",
        _parse_endpoint,
        "`http://`, an IP address or `localhost`, and perhaps a port: http://127.0.0.1:8080",
    ),
    "api_version": ("str", _parse_api_version, f"one of {', '.join(versions.KNOWN)}"),
    "timeout": ("float", lambda given: _parse_seconds(given, least=1e-9), "a number of seconds above 0"),
    "detect": ("str", _parse_detect, "`auto` or `skip`"),
    "cache_ttl": ("float", _parse_seconds, "a number of seconds, 0 to ask IMDS anew"),
    "cache_dir": ("path", parse_directory, ABSOLUTE),
    "gather": (
        "list",
        _parse_gather,
        f"a list of {', '.join(_MEMBERS)}, or paths below, as compute.vmSize; `!` before a name leaves it out",
    ),
    "reveal": ("list", _parse_reveal, f"a list of {', '.join(document.SENSITIVE)}"),
}
