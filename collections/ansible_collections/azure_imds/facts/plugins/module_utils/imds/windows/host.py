# SPDX-License-Identifier: Apache-2.0
"""What Windows says of the machine that it runs on: by SMBIOS, whether it is an Azure VM, and which one."""

from __future__ import annotations

import os

from .. import errors
from ..clock import format_time
from ..host import HINT_SKIP, Host
from . import smbios, system

# Of Azure's agent for Windows. Ordinary users can make it too; all that follows from it is that IMDS is asked.
AGENT_DIR = "C:\\WindowsAzure"
# Between 1601, from which Windows counts, and 1970.
_EPOCH = 116_444_736_000_000_000
_TICKS_PER_S = 10_000_000


class WindowsHost(Host):
    """A machine that runs Windows. It has none of the paths: `/run` is a folder of its drive, for any user to make.

    Azure Arc and the metadata proxy agent are services there, for which nothing looks.
    """

    def __init__(self, *, agent_dir: str = AGENT_DIR) -> None:
        super().__init__(
            dmi_dir="",
            cloud_id="",
            agent_dir=agent_dir,
            instance_data="",
            boot_id="",
            arc_agent="",
            sockets="",
            users="",
            proxy_agent="",
        )

    def read_firmware(self) -> bytes:
        """Return the SMBIOS tables. A test has others."""
        return system.read_firmware_table()

    def read_start(self) -> int | None:
        """Return when Windows was started, as `system.read_start` does. A test has others."""
        return system.read_start()

    def read_asset_tag(self) -> str:
        """Return the chassis asset tag of SMBIOS, `""` without one."""
        return smbios.parse_firmware(self.read_firmware()).asset_tag

    def read_product_uuid(self) -> str:
        """Return the UUID of SMBIOS in lower case, `""` without one. Every user can read it."""
        return smbios.parse_firmware(self.read_firmware()).product_uuid

    def read_boot_id(self) -> str | None:
        """Return an id of this boot: `boot-time:` and when Windows was started, for it has no id of its own."""
        ticks = (self.read_start() or 0) - _EPOCH
        if ticks <= 0:
            return None
        seconds, rest = divmod(ticks, _TICKS_PER_S)
        return f"boot-time:{format_time(seconds)[:-1]}.{rest:07}Z"

    def require_traces(self) -> None:
        """Raise NotAzureError unless Azure's agent left its directory."""
        if not os.path.isdir(self.agent_dir):
            raise errors.NotAzureError(
                "This machine does not look like an Azure VM: SMBIOS has no chassis asset tag, and there is no "
                f"{self.agent_dir}.",
                hint=HINT_SKIP,
            )

    def describe_stranger(self) -> str:
        """Return that Azure Arc is never asked on Windows."""
        return "Azure Arc is not asked on Windows"


HOST = WindowsHost()
