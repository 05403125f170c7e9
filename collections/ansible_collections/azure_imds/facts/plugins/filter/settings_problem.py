# SPDX-License-Identifier: Apache-2.0
"""A filter for the collection's roles: settings are checked on the controller, by the very core that will use them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ansible_collections.azure_imds.facts.plugins.module_utils.imds import errors, settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def find_problem(environ: Mapping[str, str]) -> str:
    """Return what is wrong with a service's environment variables, `""` where nothing is."""
    try:
        settings.build_settings({}, environ)
    except errors.UsageError as error:
        return str(error)
    return ""


class FilterModule:
    """The filter, as Ansible looks it up."""

    def filters(self) -> dict[str, Callable[..., str]]:
        """Return name → filter."""
        return {"settings_problem": find_problem}
