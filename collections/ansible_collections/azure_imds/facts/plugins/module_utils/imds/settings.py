# SPDX-License-Identifier: Apache-2.0
"""Settings, with one meaning in every adapter: an explicit argument beats the environment beats the default."""

from __future__ import annotations

import os
import re

from . import document, errors, records, versions
from .reporter import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .records import JsonObject


DEFAULT_ENDPOINT = "http://169.254.169.254"
DEFAULT_TIMEOUT_S = 5.0
DEFAULT_GATHER = ("compute", "network", "tags")
DISABLED = "AZURE_IMDS_DISABLED"
_ENDPOINT = r"http://((?i:localhost)|[0-9.]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?/?"


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


@records.record
class Settings:
    """The settings of a collection.

    `timeout` and `cache_ttl` are seconds, `timeout` for the whole collection. `api_version` None: negotiate.
    `cache_dir` None: no cache. `gather` holds names of `CATEGORIES`, `reveal` names of `document.SENSITIVE`.
    """

    endpoint: str = DEFAULT_ENDPOINT
    api_version: str | None = None
    timeout: float = DEFAULT_TIMEOUT_S
    detect: str = "auto"
    cache_ttl: float = 60.0
    cache_dir: str | None = None
    gather: tuple[str, ...] = DEFAULT_GATHER
    reveal: tuple[str, ...] = ()
    is_disabled: bool = False

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
) -> Settings:
    """Return settings from an adapter's arguments (None: not given) and the environment (empty: not given).

    `timeout` and `cache_dir` are the adapter's own defaults. Raises UsageError for an unknown name or a value that is
    not allowed; nothing has been touched by then.
    """
    unknown = sorted(str(name) for name in set(explicit).difference(SETTINGS))
    if unknown:
        raise errors.UsageError(f"Unknown setting {', '.join(unknown)}.", hint=f"Known are {', '.join(SETTINGS)}.")
    values: JsonObject = {}
    for name, (_kind, _choices, parse, allowed) in SETTINGS.items():
        given, origin = explicit.get(name), name
        if given is None:
            origin = f"AZURE_IMDS_{name.upper()}"
            given = environ.get(origin) or None
        try:
            if given is not None:
                values[name] = parse(given)
        except (ValueError, OverflowError, OSError):
            refused = f"{origin} cannot be {printable(str(given))!r}."
            raise errors.UsageError(refused, hint=f"Give {allowed}.") from None
    values.setdefault("timeout", timeout)
    values.setdefault("cache_dir", cache_dir or _default_cache_dir(environ))
    if not is_azure_address(values.get("endpoint", DEFAULT_ENDPOINT)):
        # An endpoint that was named is known to answer.
        values.setdefault("detect", "skip")
    return Settings(is_disabled=environ.get(DISABLED, "").strip().lower() in ("1", "true", "yes", "on"), **values)


def _default_cache_dir(environ: Mapping[str, str]) -> str | None:
    """Return root's shared directory, or the user's own or None: unprivileged users share nothing with root."""
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
    if not 0 < int(port) <= 65535 or not _is_address(host):
        raise ValueError
    return f"http://{host.lower()}" + (f":{int(port)}" if int(port) != 80 else "")


def _is_address(host: str) -> bool:
    if host[0] == "[":
        import ipaddress  # noqa: PLC0415  only an endpoint that is not Azure's can be IPv6

        return bool(ipaddress.IPv6Address(host[1:-1]))
    octets = host.split(".")
    return host.lower() == "localhost" or (len(octets) == 4 and set(map(str, range(256))).issuperset(octets))


def _parse_api_version(given: object) -> str:
    # YAML reads an unquoted 2021-02-01 as a date, whose text is the version again.
    return versions.KNOWN[versions.KNOWN.index(str(given))]


def _parse_seconds(given: object, *, least: float = 0.0) -> float:
    seconds = float(given) if isinstance(given, (str, int, float)) and not isinstance(given, bool) else -1.0
    if not least <= seconds < float("inf"):
        raise ValueError
    return seconds


_DETECT = ("auto", "skip")


def _parse_detect(given: object) -> str:
    if given not in _DETECT:
        raise ValueError
    return str(given)


def _parse_cache_dir(given: object) -> str:
    if not isinstance(given, str) or not given or "\0" in given:
        raise ValueError
    return os.path.abspath(given)


def _parse_gather(given: object) -> tuple[str, ...]:
    return CATEGORIES if "all" in (names := _parse_names(given, _GATHER)) else names


def _parse_names(given: object, allowed: tuple[str, ...]) -> tuple[str, ...]:
    names = [part.strip() for part in given.split(",")] if isinstance(given, str) else given
    if not isinstance(names, (list, tuple)) or any(name not in allowed for name in names):
        raise ValueError
    return tuple(name for name in allowed if name in names)


_GATHER = (*CATEGORIES, "all")
_REVEAL = tuple(document.SENSITIVE)
# Setting → its type in Ansible's terms, all allowed values (or items of a list) if they are few, the parser, and what
# may be given in words. A parser raises ValueError, OverflowError or OSError for anything else.
SETTINGS: dict[str, tuple[str, tuple[str, ...], Callable[[object], object], str]] = {
    "endpoint": (
        "str",
        (),
        _parse_endpoint,
        "`http://`, an IP address or `localhost`, and perhaps a port: http://127.0.0.1:8080",
    ),
    "api_version": ("str", (), _parse_api_version, f"one of {', '.join(versions.KNOWN)}"),
    "timeout": ("float", (), lambda given: _parse_seconds(given, least=1e-9), "a number of seconds above 0"),
    "detect": ("str", _DETECT, _parse_detect, "`auto` or `skip`"),
    "cache_ttl": ("float", (), _parse_seconds, "a number of seconds, 0 to ask IMDS anew"),
    "cache_dir": ("path", (), _parse_cache_dir, "the path of a directory"),
    "gather": ("list", _GATHER, _parse_gather, f"a list of {', '.join(_GATHER)}"),
    "reveal": ("list", _REVEAL, lambda given: _parse_names(given, _REVEAL), f"a list of {', '.join(_REVEAL)}"),
}
