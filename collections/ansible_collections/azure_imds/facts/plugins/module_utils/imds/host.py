# SPDX-License-Identifier: Apache-2.0
"""What the machine says without the network: whether it is an Azure VM, which one, and which boot this is."""

from __future__ import annotations

import os
import re
import sys

from . import errors, records
from .reporter import printable
from .settings import DISABLED, is_azure_address

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .settings import Settings

# The chassis asset tag that Azure gives every VM, Azure Stack Hub included; cloud-init, systemd and waagent rely on it.
AZURE_ASSET_TAG = "7783-7084-3265-9085-8269-3286-77"
_MOST_READ = 4096
HINT_SKIP = "Set detect to skip to ask IMDS all the same."
_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_SMBIOS_ORDER = "^(..)(..)(..)(..)-(..)(..)-(..)(..)"
# Where the Connected Machine agent of Azure Arc answers as IMDS does.
ARC_ENDPOINT = "http://127.0.0.1:40342"
# A line of /proc/net/tcp or tcp6 about a listening socket that could take that address, wildcards and mapped addresses
# included, and its owner's uid.
_LISTENING = "(?m)^ *[0-9]+: 0*(?:FFFF0000|0000FFFF)?(?:0100007F|7F000001|0{8}):9D96 [^ ]+ 0A(?: [^ ]+){3} +([0-9]+) "


@records.record
class Host:
    """The places where a Unix keeps what it knows of its machine. No setting names others."""

    dmi_dir: str = "/sys/class/dmi/id"
    cloud_id: str = "/run/cloud-init/cloud-id"
    agent_dir: str = "/var/lib/waagent"
    instance_data: str = "/run/cloud-init/instance-data.json"
    boot_id: str = "/proc/sys/kernel/random/boot_id"
    arc_agent: str = "/opt/azcmagent/bin/himds" if sys.platform == "linux" else ""
    sockets: str = "/proc/net/tcp"
    users: str = "/etc/passwd"
    # Azure's metadata proxy agent (recorded).
    proxy_agent: str = "/usr/sbin/azure-proxy-agent"

    def read_asset_tag(self) -> str:
        """Return the DMI chassis asset tag, `""` where none can be read."""
        return _read_line(f"{self.dmi_dir}/chassis_asset_tag")

    def read_product_uuid(self) -> str:
        """Return the DMI product UUID in lower case, `""` where it cannot be read (root alone may) or names no machine.

        Firmware without one of its own shows one digit repeated.
        """
        uuid = _read_line(f"{self.dmi_dir}/product_uuid").lower()
        return uuid if re.fullmatch(_UUID, uuid) and len(set(uuid)) > 2 else ""

    def read_boot_id(self) -> str | None:
        """Return the kernel's id of this boot, None where the system has none."""
        return _read_line(self.boot_id) or None

    def require_traces(self) -> None:
        """Raise NotAzureError unless cloud-init named Azure, or Azure's agent left its directory."""
        if _read_line(self.cloud_id) != "azure" and not os.path.exists(self.agent_dir):
            raise errors.NotAzureError(
                f"This machine does not look like an Azure VM: {self.dmi_dir} has no chassis asset tag that can be "
                "read, cloud-init does not say azure, and there is no Azure agent.",
                hint=HINT_SKIP,
            )

    def describe_stranger(self) -> str:
        """Return why what listens at Azure Arc's address is not to be asked, `""` where it is its agent's or root's.

        The port is unprivileged: while the agent is down, any user may listen there.
        """
        owners = {*re.findall(_LISTENING, _read(self.sockets) + _read(self.sockets + "6"))}
        if not owners:
            return "no program listens there"
        users = dict(re.findall("(?m)^([^:]+):[^:]*:([0-9]+):", _read(self.users)))
        owners -= {"0", users.get("himds")}
        names = [name for name, uid in users.items() if uid in owners] or ["not in passwd"]
        return f"uid {' '.join(owners)} ({' '.join(names)}) listens there instead of root or himds" if owners else ""

    def refuse_stranger(self) -> None:
        """Raise TransportError where what listens at Azure Arc's address is not to be asked."""
        from .transport import TransportError  # noqa: PLC0415  a cached answer needs none

        problem = self.describe_stranger()
        if problem:
            raise TransportError(f"nothing that counts, for {problem}")


def choose_host() -> Host:
    """Return this machine. Ansible carries Windows' to no target."""
    if sys.platform == "win32":
        import importlib  # noqa: PLC0415

        return importlib.import_module(".windows.host", __package__).HOST  # type: ignore[no-any-return]
    return Host()


def require_enabled(settings: Settings) -> None:
    """Raise NotAzureError where the adapters are disabled."""
    if settings.is_disabled:
        raise errors.NotAzureError(f"{DISABLED} is set, so nothing was asked.", hint="Unset it to ask IMDS.")


def find_imds(settings: Settings, host: Host) -> tuple[Settings, str]:
    """Return the settings for this machine's platform, and the DMI UUID with which a document's `vmId` has to agree.

    The UUID is `""` where there is nothing to compare: another endpoint than Azure's may answer for another VM, and
    Azure Arc has ids of its own. Raises NotAzureError. Reads files only.
    """
    require_enabled(settings)
    if settings.detect != "auto":
        return settings, ""
    tag = host.read_asset_tag()
    is_default = is_azure_address(settings.endpoint)
    may_be_arc = is_default and tag != AZURE_ASSET_TAG and settings.arc is not None and host.arc_agent
    if may_be_arc and (settings.arc or os.path.exists(host.arc_agent)):
        return records.replace(settings, endpoint=ARC_ENDPOINT, platform="arc"), ""
    dmi_uuid = _detect_azure(host, tag)
    return settings, dmi_uuid if is_default else ""


def _detect_azure(host: Host, tag: str) -> str:
    """Return this VM's DMI UUID where DMI says Azure, `""` where only other signs say so or it cannot be read.

    Raises NotAzureError otherwise, with `is_other_platform` where DMI has another platform's tag. Reads files only.
    """
    if tag == AZURE_ASSET_TAG:
        return host.read_product_uuid()
    if tag:
        raise errors.NotAzureError(
            f"This machine is not an Azure VM: its DMI chassis asset tag is {printable(tag)!r}.",
            hint=HINT_SKIP,
            is_other_platform=True,
        )
    host.require_traces()
    return ""


def verify_vm_id(compute: object, dmi_uuid: str) -> bool | None:
    """Return True where the `vmId` of a compute section is this machine's UUID, None where nothing can be compared.

    Without the section (a classic VM) nothing can. Raises InvalidError where they differ or it has no `vmId` that is a
    string: the document may be another VM's. Generation 1 machines show the first three groups byte-swapped (SMBIOS
    order), and containers may mask the generation, so either form counts.
    """
    if not dmi_uuid or not isinstance(compute, dict):
        return None
    vm_id = compute.get("vmId")
    if isinstance(vm_id, str) and is_same_machine(vm_id, dmi_uuid):
        return True
    shown = printable(vm_id) if isinstance(vm_id, str) else "missing"
    raise errors.InvalidError(
        f"The document describes another VM: vmId is {shown}, this machine's DMI UUID is {printable(dmi_uuid)}.",
        hint="Look for something between this machine and IMDS, or a copied cache; trust no fact until then.",
    )


def is_same_machine(vm_id: str, dmi_uuid: str) -> bool:
    """Return whether the two name one machine, in either byte order of the first three groups, without case."""
    asked, own = vm_id.lower(), dmi_uuid.lower()
    return asked == own or asked == re.sub(_SMBIOS_ORDER, r"\4\3\2\1-\6\5-\8\7", own)


def _read_line(path: str) -> str:
    return _read(path, _MOST_READ).strip(" \t\r\n\0")


def _read(path: str, most: int = -1) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(most)
    except OSError:
        return ""
