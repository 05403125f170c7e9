# SPDX-License-Identifier: Apache-2.0
"""Checks that ask this machine alone: what it is, its environment, its cache directory."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from azure_imds_facts.core.errors import NotAzureError
from azure_imds_facts.core.host import find_imds
from azure_imds_facts.core.safe_files import open_private_directory, write_file
from azure_imds_facts.core.settings import DISABLED
from azure_imds_facts.doctor.findings import BAD, NOTE, OK, SKIPPED, Finding

if TYPE_CHECKING:
    from collections.abc import Mapping

    from azure_imds_facts.core.host import Host
    from azure_imds_facts.core.settings import Settings

PROXY_VARIABLES = ("http_proxy", "https_proxy", "all_proxy")


# What shows an Azure VM: the asset tag, and what does where it cannot be read.
SIGNS = ("DMI's chassis asset tag", "cloud-init or Azure's agent (DMI cannot be read)")


def check_machine(settings: Settings, host: Host, *, signs: tuple[str, str] = SIGNS) -> Finding:
    """Check whether this is an Azure VM, and by which sign."""
    if settings.is_disabled:
        return Finding(check="machine", verdict=BAD, text=f"{DISABLED} is set.", fix=f"Unset {DISABLED}.")
    if settings.detect == "skip":
        text = "Not looked at: detect is skip, as it is with an endpoint other than Azure's."
        return Finding(check="machine", verdict=SKIPPED, text=text)
    try:
        found, _dmi_uuid = find_imds(settings, host)
    except NotAzureError as error:
        return Finding(check="machine", verdict=BAD, text=error.problem, fix=error.hint)
    if found.platform == "arc":
        return Finding(check="machine", verdict=OK, text="A machine outside Azure, with the agent of Azure Arc.")
    sign = signs[0] if host.read_asset_tag() else signs[1]
    return Finding(check="machine", verdict=OK, text=f"An Azure VM, by {sign}.")


def check_proxies(environ: Mapping[str, str]) -> Finding:
    """Name proxy variables that would catch other clients' requests to IMDS; values may hold passwords and stay out."""
    found = sorted(name for name in environ if name.lower() in PROXY_VARIABLES and environ[name])
    if not found:
        return Finding(check="proxies", verdict=OK, text="No proxy in the environment.")
    exempt = ",".join(environ.get(name, "") for name in ("no_proxy", "NO_PROXY"))
    if "169.254.169.254" in exempt or "*" in exempt.split(","):
        text = f"{', '.join(found)} set, with an exception for IMDS."
        return Finding(check="proxies", verdict=OK, text=text)
    return Finding(
        check="proxies",
        verdict=NOTE,
        text=f"{', '.join(found)} set: ignored here, but other programs will ask for IMDS through the proxy and fail.",
        fix="Add 169.254.169.254 to no_proxy.",
    )


def check_cache(settings: Settings) -> Finding:
    """Check whether the cache can be written, by writing to it."""
    path = settings.cache_dir
    if path is None:
        return Finding(
            check="cache",
            verdict=NOTE,
            text="No cache: neither root nor XDG_RUNTIME_DIR, so every run makes a request of its own.",
            fix="Name a directory with --cache-dir or AZURE_IMDS_CACHE_DIR.",
        )
    try:
        directory = open_private_directory(path)
        try:
            write_file(directory, "doctor", b"", mode=0o600)
            os.unlink("doctor", dir_fd=directory)
        finally:
            os.close(directory)
    except OSError as error:
        fix = "Repair it, or name another directory with --cache-dir or AZURE_IMDS_CACHE_DIR."
        reason = error.strerror or str(error)
        return Finding(check="cache", verdict=BAD, text=f"{path} cannot be used: {reason}.", fix=fix)
    return Finding(check="cache", verdict=OK, text=f"{path} can be used.")
