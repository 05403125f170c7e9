# SPDX-License-Identifier: Apache-2.0
"""This machine's network interfaces with their IPv4 addresses, in the network namespace of this process."""

from __future__ import annotations

import array
import fcntl
import socket
import struct

from azure_imds_facts.core.records import record

# Requests of Linux, and flags of an interface (netdevice(7), ethtool.h).
_SIOCGIFCONF, _SIOCGIFFLAGS, _SIOCETHTOOL = 0x8912, 0x8913, 0x8946
_UP, _LOOPBACK, _POINT_TO_POINT = 0x1, 0x8, 0x10
_ETHTOOL_GDRVINFO, _DRVINFO_BYTES = 3, 196
_REQUEST_BYTES = 24 + 2 * struct.calcsize("P")
_MOST_ADDRESSES = 4096
# A VM's own network is none of these: they join containers, guests and tunnels.
_INNER_DRIVERS = ("bridge", "openvswitch", "tun", "vxlan", "wireguard")


@record
class Address:
    """An address and the interface that has it."""

    interface: str
    address: str


def read_addresses() -> list[Address]:
    """Return the IPv4 addresses of all interfaces, none where the kernel does not list them."""
    room = array.array("B", bytes(_MOST_ADDRESSES * _REQUEST_BYTES))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            listed = fcntl.ioctl(probe, _SIOCGIFCONF, struct.pack("iP", len(room), room.buffer_info()[0]))
        except OSError:
            return []
    content = room.tobytes()[: struct.unpack("iP", listed)[0]]
    requests = [content[start : start + _REQUEST_BYTES] for start in range(0, len(content), _REQUEST_BYTES)]
    return [
        # `eth0:1` is a label of eth0.
        Address(interface=_text(one[:16]).partition(":")[0], address=socket.inet_ntoa(one[20:24]))
        for one in requests
    ]


def list_candidates(addresses: list[Address]) -> list[Address]:
    """Return the addresses that a VM's network may have given: of one for each interface, the first."""
    found: dict[str, Address] = {}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for one in addresses:
            # No virtual network of Azure is in the link-local range.
            if not one.address.startswith("169.254.") and _is_outward(probe, one.interface):
                found.setdefault(one.interface, one)
    return [*found.values()]


def _is_outward(probe: socket.socket, interface: str) -> bool:
    name = interface.encode()
    try:
        flags = struct.unpack_from("16sH", fcntl.ioctl(probe, _SIOCGIFFLAGS, struct.pack("16sH22x", name, 0)))[1]
    except OSError:
        return False
    if not flags & _UP or flags & (_LOOPBACK | _POINT_TO_POINT):
        return False
    about = array.array("B", struct.pack("I", _ETHTOOL_GDRVINFO) + bytes(_DRVINFO_BYTES - 4))
    try:
        fcntl.ioctl(probe, _SIOCETHTOOL, struct.pack("16sP16x", name, about.buffer_info()[0]))
    except OSError:
        return True  # its driver does not say what it is
    return _text(about.tobytes()[4:36]) not in _INNER_DRIVERS


def _text(field: bytes) -> str:
    return field.split(b"\0", 1)[0].decode("utf-8", "replace")
