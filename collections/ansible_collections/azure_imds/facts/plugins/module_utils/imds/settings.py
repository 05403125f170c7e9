# SPDX-License-Identifier: Apache-2.0
"""Settings, with one meaning in every adapter: an explicit argument beats the environment beats the default."""

from __future__ import annotations

import os
import re

from . import document, errors, records, versions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


DEFAULT_ENDPOINT = "http://169.254.169.254"
DEFAULT_GATHER = ("compute", "network", "tags")
# Behind endpoints of their own; and what they are called among the facts.
EXTRA_CATEGORIES = {"load_balancer": "loadBalancer", "scheduled_events": "scheduledEvents", "identity": "identity"}
CATEGORIES = (*DEFAULT_GATHER, *EXTRA_CATEGORIES)
DISABLED = "AZURE_IMDS_DISABLED"
_ENDPOINT = r"http://((?i:localhost)|[0-9.]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?/?"


@records.record
class Settings:
    """What a collection goes by.

    `timeout` and `cache_ttl` are seconds, `timeout` for the whole collection. `api_version` None: negotiate.
    `cache_dir` None: no cache. `gather` holds names of `CATEGORIES`, `reveal` names of `redaction.SENSITIVE`.
    """

    endpoint: str = DEFAULT_ENDPOINT
    api_version: str | None = None
    timeout: float = 5.0
    detect: str = "auto"
    cache_ttl: float = 60.0
    cache_dir: str | None = None
    gather: tuple[str, ...] = DEFAULT_GATHER
    reveal: tuple[str, ...] = ()
    is_disabled: bool = False


def build_settings(
    explicit: Mapping[str, object], environ: Mapping[str, str], *, timeout: float = 5.0, cache_dir: str | None = None
) -> Settings:
    """Make settings out of an adapter's arguments (None: not given) and the environment (empty: not given).

    `timeout` and `cache_dir` are the adapter's own defaults. Raises UsageError for an unknown name or a value that is
    not allowed; nothing has been touched by then.
    """
    unknown = sorted(str(name) for name in set(explicit).difference(_PARSERS))
    if unknown:
        raise errors.UsageError(f"Unknown setting {', '.join(unknown)}.", hint=f"Known are {', '.join(_PARSERS)}.")
    values: records.JsonObject = {}
    for name, (parse, allowed) in _PARSERS.items():
        given, origin = explicit.get(name), name
        if given is None:
            origin = f"AZURE_IMDS_{name.upper()}"
            given = environ.get(origin) or None
        try:
            if given is not None:
                values[name] = parse(given)
        except (ValueError, OverflowError, OSError):
            refused = f"{origin} cannot be {errors.printable(str(given))!r}."
            raise errors.UsageError(refused, hint=f"Give {allowed}.") from None
    values.setdefault("timeout", timeout)
    values.setdefault("cache_dir", cache_dir or _default_cache_dir(environ))
    if values.get("endpoint", DEFAULT_ENDPOINT) != DEFAULT_ENDPOINT:
        # Whoever names an endpoint of their own knows that something answers there.
        values.setdefault("detect", "skip")
    return Settings(is_disabled=environ.get(DISABLED, "").strip().lower() in ("1", "true", "yes", "on"), **values)


def _default_cache_dir(environ: Mapping[str, str]) -> str | None:
    """Root shares one directory, other users have their own or none: unprivileged users share nothing with root."""
    if getattr(os, "geteuid", lambda: 1)() == 0:
        return "/run/azure-imds-facts"
    runtime = environ.get("XDG_RUNTIME_DIR", "")
    return os.path.join(runtime, "azure-imds-facts") if os.path.isabs(runtime) else None


def _parse_endpoint(given: object) -> str:
    """Return the endpoint without a trailing `/` and `:80`.

    Only IP literals and `localhost`: a name would have to be resolved, by a server that may not be ours.
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


def _parse_detect(given: object) -> str:
    if given not in ("auto", "skip"):
        raise ValueError
    return str(given)


def _parse_cache_dir(given: object) -> str:
    if not isinstance(given, str) or not given or "\0" in given:
        raise ValueError
    return os.path.abspath(given)


def _parse_gather(given: object) -> tuple[str, ...]:
    return CATEGORIES if "all" in (names := _parse_names(given, (*CATEGORIES, "all"))) else names


def _parse_names(given: object, allowed: tuple[str, ...]) -> tuple[str, ...]:
    names = [part.strip() for part in given.split(",")] if isinstance(given, str) else given
    if not isinstance(names, (list, tuple)) or any(name not in allowed for name in names):
        raise ValueError
    return tuple(name for name in allowed if name in names)


# Setting → what makes a value out of what was given, or raises ValueError; and what may be given.
_PARSERS: dict[str, tuple[Callable[[object], object], str]] = {
    "endpoint": (
        _parse_endpoint,
        "`http://`, an IP address or `localhost`, and perhaps a port: http://127.0.0.1:8080",
    ),
    "api_version": (_parse_api_version, f"one of {', '.join(versions.KNOWN)}"),
    "timeout": (lambda given: _parse_seconds(given, least=1e-9), "a number of seconds above 0"),
    "detect": (_parse_detect, "`auto` or `skip`"),
    "cache_ttl": (_parse_seconds, "a number of seconds, 0 to ask IMDS anew"),
    "cache_dir": (_parse_cache_dir, "the path of a directory"),
    "gather": (_parse_gather, f"a list of {', '.join(CATEGORIES)}, all"),
    "reveal": (
        lambda given: _parse_names(given, tuple(document.SENSITIVE)),
        f"a list of {', '.join(document.SENSITIVE)}",
    ),
}
