# SPDX-License-Identifier: Apache-2.0
"""The grain of a Salt minion, whose main loop stands still until its grains are there."""

from __future__ import annotations

import functools
import logging
import os
from typing import TYPE_CHECKING, Any

import salt.utils.platform

from azure_imds_facts.core.errors import ImdsError, NotAzureError, UsageError
from azure_imds_facts.core.facts import build_facts
from azure_imds_facts.core.failure_memory import FailureMemory
from azure_imds_facts.core.grain_collector import collect_for_grain
from azure_imds_facts.core.reporter import Reporter, printable
from azure_imds_facts.core.salt_spelling import spell_salt
from azure_imds_facts.core.settings import SETTINGS, build_settings
from azure_imds_facts.salt.starting import note_load

if TYPE_CHECKING:
    from collections.abc import Mapping

    from azure_imds_facts.core.facts import Snapshot
    from azure_imds_facts.core.settings import Settings
    from azure_imds_facts.core.transport import Transport

log = logging.getLogger(__name__)

_TIMEOUT_S = 1.0
# A minion that starts loads its grains twice: after one failure it does not wait again.
_REMEMBER_FAILURE_S = 60.0


class _LastLoad:
    """What this process's last load of the grain came to."""

    is_missing = False


class LogReporter(Reporter):
    """A reporter that writes to the minion's log."""

    def warn(self, message: str) -> None:
        """Log a warning."""
        log.warning("azure_imds: %s", message)

    def notice(self, message: str) -> None:
        """Log at debug level."""
        log.debug("azure_imds: %s", message)

    def attempt(self, message: str) -> None:
        """Log at debug level."""
        log.debug("azure_imds: %s", message)


def collect_grain(opts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the grain, or `{}` and one warning a failure in the log. A minion is given it later, once IMDS answers."""
    if is_proxy(opts):
        return {}
    reporter = LogReporter()
    memory = FailureMemory(seconds=_REMEMBER_FAILURE_S if note_load(opts) else 0.0)
    try:
        snapshot = _collect(opts, memory, reporter)
        grain = spell_salt(build_facts(snapshot, reporter=reporter), gather=snapshot.gather)
    except (NotAzureError, UsageError) as error:
        (log.warning if isinstance(error, UsageError) else log.debug)(
            "azure_imds: no grain (%s): %s", error.outcome, error
        )
    except ImdsError as error:
        (log.debug if memory.has_recalled else log.warning)("azure_imds: no grain (%s): %s", error.outcome, error)
        _LastLoad.is_missing = True
        _heal_later(opts)
    except Exception:  # a grain that raises would fail the minion's start
        log.warning("azure_imds: no grain: an error inside azure-imds-facts, please report it", exc_info=True)
    else:
        _LastLoad.is_missing = False
        return grain
    return {}


def _collect(
    opts: Mapping[str, Any], memory: FailureMemory, reporter: Reporter, *, asks_once: bool = False
) -> Snapshot:
    settings = build_minion_settings(opts)
    return collect_for_grain(
        settings, open_transport=open_transport, memory=memory, reporter=reporter, asks_once=asks_once
    )


def _heal_later(opts: Mapping[str, Any]) -> None:
    from azure_imds_facts.salt.healing import heal_later  # noqa: PLC0415  IMDS answers as a rule

    # Its failures are told already.
    def ask() -> bool:
        if _LastLoad.is_missing:
            _collect(opts, FailureMemory(seconds=0.0), Reporter(), asks_once=True)
        return _LastLoad.is_missing

    heal_later(opts, ask)


def is_proxy(opts: Mapping[str, Any]) -> bool:
    """Return whether this process is a proxy minion: IMDS would describe its VM, not the device."""
    return "proxy" in opts or bool(salt.utils.platform.is_proxy())


def build_minion_settings(opts: Mapping[str, Any], **overrides: object) -> Settings:
    """Return the settings of the minion's key `azure_imds:`; overrides that are not None beat them.

    A key that this version does not know is ignored with a warning: configuration may arrive before the version that
    knows it. Raises UsageError for a value that is not allowed.
    """
    configured = {} if opts.get("azure_imds") is None else opts["azure_imds"]
    if not isinstance(configured, dict):
        raise UsageError(
            "The minion's azure_imds is not a mapping.", hint="Write settings below it, such as timeout: 1."
        )
    # Salt 3008 passes mappings of its own kind, which dict() does not take.
    for name in configured:
        if name not in SETTINGS:
            _warn_of_unknown(printable(str(name)))
    given = {name: value for name, value in overrides.items() if value is not None}
    return build_settings(
        {**{name: configured[name] for name in configured if name in SETTINGS}, **given},
        os.environ,
        timeout=_TIMEOUT_S,
        cache_dir=_choose_cache_dir(opts),
        spell=lambda setting: setting if setting in given else f"azure_imds:{setting}",
    )


def open_transport() -> Transport:
    """Return the transport on requests, which Salt has loaded anyway, or the core's own where there is none.

    The thin Salt of 3006 that salt-ssh carries to its targets has no requests.
    """
    try:
        from azure_imds_facts.requests_transport import RequestsTransport  # noqa: PLC0415  not for a cached answer
    except ImportError:
        from azure_imds_facts.core.transport import HttpTransport  # noqa: PLC0415  nor this

        return HttpTransport()
    return RequestsTransport()


@functools.lru_cache(maxsize=64)
def _warn_of_unknown(name: str) -> None:
    """Log a warning, once a process: settings are read for every grain load and call."""
    known = ", ".join(SETTINGS)
    log.warning("azure_imds: the minion's azure_imds:%s is unknown and ignored. Known are %s.", name, known)


def _choose_cache_dir(opts: Mapping[str, Any]) -> str | None:
    """Return the directory of a minion that is not root: root shares the machine's cache."""
    is_root = getattr(os, "geteuid", lambda: 1)() == 0
    return None if is_root or not opts.get("cachedir") else os.path.join(opts["cachedir"], "azure-imds-facts")
