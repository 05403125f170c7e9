# SPDX-License-Identifier: Apache-2.0
"""A filter for the collection's roles: settings are checked on the controller, by the very core that will use them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ansible_collections.azure_imds.facts.plugins.module_utils.imds import errors, file_formats, settings
from ansible_collections.azure_imds.facts.plugins.module_utils.imds.events import unit_flags

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


def find_problem(environ: Mapping[str, str], flags: Sequence[str] | None = None) -> str:
    """Return what is wrong with a service's environment variables or its flags, `""` where nothing is."""
    try:
        settings.build_settings({}, environ)
        file_formats.read_formats(None, environ)
        if flags is not None:
            unit_flags.parse_unit_flags(flags)
    except errors.UsageError as error:
        return str(error)
    return ""


class FilterModule:
    """The filter, as Ansible looks it up."""

    def filters(self) -> dict[str, Callable[..., str]]:
        """Return name → filter."""
        return {"settings_problem": find_problem}
