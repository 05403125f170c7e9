# SPDX-License-Identifier: Apache-2.0
"""Settings, with one meaning in every adapter: an explicit argument beats the environment beats the default."""

from __future__ import annotations

import os

from . import errors, records, versions
from .document import SENSITIVE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


DEFAULT_ENDPOINT = "http://169.254.169.254"
CATEGORIES = ("compute", "network", "tags", "load_balancer", "scheduled_events", "identity")
DEFAULT_GATHER = CATEGORIES[:3]
# Behind endpoints of their own.
EXTRA_CATEGORIES = CATEGORIES[3:]
DISABLED = "AZURE_IMDS_DISABLED"


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
    for name, parse in _PARSERS.items():
        given, origin = _pick(name, explicit, environ)
        if given is not None:
            values[name] = parse(given, origin)
    values.setdefault("timeout", timeout)
    values.setdefault("cache_dir", cache_dir or _default_cache_dir(environ))
    if values.get("endpoint", DEFAULT_ENDPOINT) != DEFAULT_ENDPOINT:
        # Whoever names an endpoint of their own knows that something answers there.
        values.setdefault("detect", "skip")
    is_disabled = environ.get(DISABLED, "").strip().lower() in ("1", "true", "yes", "on")
    return Settings(is_disabled=is_disabled, **values)


def _pick(name: str, explicit: Mapping[str, object], environ: Mapping[str, str]) -> tuple[object, str]:
    """Return the value that counts, None where there is none, and what to call its origin in a message."""
    if explicit.get(name) is not None:
        return explicit[name], name
    variable = f"AZURE_IMDS_{name.upper()}"
    return environ.get(variable) or None, variable


def _default_cache_dir(environ: Mapping[str, str]) -> str | None:
    """Root shares one directory, other users have their own or none: unprivileged users share nothing with root."""
    if getattr(os, "geteuid", lambda: 1)() == 0:
        return "/run/azure-imds-facts"
    runtime = environ.get("XDG_RUNTIME_DIR", "")
    return os.path.join(runtime, "azure-imds-facts") if os.path.isabs(runtime) else None


def _parse_endpoint(given: object, origin: str) -> str:
    """Return the endpoint without a trailing `/` and `:80`.

    Only IP literals and `localhost`: a name would have to be resolved, by a server that may not be ours.
    """
    scheme, _slashes, authority = given.partition("://") if isinstance(given, str) else ("", "", "")
    if authority.endswith("/"):
        authority = authority[:-1]
    host, colon, port = authority.rpartition(":") if not authority.endswith("]") else (authority, "", "")
    if not colon:
        host, port = authority, "80"
    if scheme != "http" or not _is_address(host) or not (_is_number(port, most=65535) and int(port)):
        raise _refuse(
            origin, given, "`http://`, an IP address or `localhost`, and perhaps a port: http://127.0.0.1:8080"
        )
    return f"http://{host.lower()}" + (f":{int(port)}" if int(port) != 80 else "")


def _is_address(host: str) -> bool:
    parts = host.split(".")
    if host.lower() == "localhost" or (len(parts) == 4 and all(map(_is_octet, parts))):
        return True
    if not (host.startswith("[") and host.endswith("]")) or "%" in host:
        return False
    import ipaddress  # noqa: PLC0415  only an endpoint that is not Azure's can be IPv6

    try:
        ipaddress.IPv6Address(host[1:-1])
    except ValueError:
        return False
    return True


def _is_octet(text: str) -> bool:
    return _is_number(text, most=255) and str(int(text)) == text


def _is_number(text: str, *, most: int) -> bool:
    """Return whether these are up to five of ASCII's digits, and no number above `most`."""
    return text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= most


def _parse_api_version(given: object, origin: str) -> str:
    # YAML reads an unquoted 2021-02-01 as a date, whose text is the version again.
    if str(given) not in versions.KNOWN:
        raise _refuse(origin, given, f"one of {', '.join(versions.KNOWN)}")
    return str(given)


def _seconds_parser(least: float, allowed: str) -> Callable[[object, str], float]:
    def parse(given: object, origin: str) -> float:
        try:
            seconds = float(given) if isinstance(given, (str, int, float)) and not isinstance(given, bool) else -1.0
        except (ValueError, OverflowError):
            seconds = -1.0
        if not least <= seconds < float("inf"):
            raise _refuse(origin, given, allowed)
        return seconds

    return parse


def _parse_detect(given: object, origin: str) -> str:
    if given not in ("auto", "skip"):
        raise _refuse(origin, given, "`auto` or `skip`")
    return str(given)


def _parse_cache_dir(given: object, origin: str) -> str:
    if not isinstance(given, str) or not given or "\0" in given:
        raise _refuse(origin, given, "the path of a directory")
    return os.path.abspath(given)


def _parse_names(given: object, origin: str, allowed: tuple[str, ...]) -> tuple[str, ...]:
    names = [part.strip() for part in given.split(",")] if isinstance(given, str) else given
    if not isinstance(names, (list, tuple)) or any(name not in allowed for name in names):
        raise _refuse(origin, given, f"a list of {', '.join(allowed)}")
    return tuple(str(name) for name in names)


def _parse_gather(given: object, origin: str) -> tuple[str, ...]:
    names = _parse_names(given, origin, (*CATEGORIES, "all"))
    return tuple(name for name in CATEGORIES if name in names or "all" in names)


def _parse_reveal(given: object, origin: str) -> tuple[str, ...]:
    names = _parse_names(given, origin, tuple(SENSITIVE))
    return tuple(name for name in SENSITIVE if name in names)


def _refuse(origin: str, given: object, allowed: str) -> errors.UsageError:
    return errors.UsageError(f"{origin} cannot be {errors.printable(str(given))!r}.", hint=f"Give {allowed}.")


_PARSERS: dict[str, Callable[[object, str], object]] = {
    "endpoint": _parse_endpoint,
    "api_version": _parse_api_version,
    "timeout": _seconds_parser(0.001, "a number of seconds above 0"),
    "detect": _parse_detect,
    "cache_ttl": _seconds_parser(0.0, "a number of seconds, 0 to ask IMDS anew"),
    "cache_dir": _parse_cache_dir,
    "gather": _parse_gather,
    "reveal": _parse_reveal,
}
