# SPDX-License-Identifier: Apache-2.0
"""The way to IMDS by the kernel's table of routes."""

from __future__ import annotations

from azure_imds_facts.doctor.route import choose_route, read_routes


def test_longest_mask_wins(tmp_path: object) -> None:
    """The kernel's table is read in its own byte order, and the most specific route is taken."""
    path = f"{tmp_path}/route"
    rows = [
        "Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT",
        "eth0 00000000 0100010A 0003 0 0 100 00000000 0 0 0",
        "br0 0000FEA9 00000000 0001 0 0 0 0000FFFF 0 0 0",
        "down0 FEA9FEA9 00000000 0000 0 0 0 FFFFFFFF 0 0 0",
    ]
    with open(path, "w", encoding="ascii") as table:
        table.write("\n".join(rows))
    routes = read_routes(path)
    assert getattr(choose_route(routes, "169.254.169.254"), "interface", None) == "br0"
    assert getattr(choose_route(routes, "10.9.9.9"), "interface", None) == "eth0"
    assert read_routes(f"{path}-missing") == []
