# SPDX-License-Identifier: Apache-2.0
"""Documents that hypothesis makes up: near enough to IMDS's to be read, odd enough to find what nobody thought of."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from .clouds import ENVIRONMENTS, REGIONS

SECRET = "s3cr3t-T0ken"
_SENSITIVE = [
    "userData",
    "customData",
    "publicKeys",
    "adminUsername",
    "secretUrl",
    "keyUrl",
    "USERDATA",
    "keyurl",
    "AdminUserName",
]
_ENVIRONMENTS = [name for names in ENVIRONMENTS.values() for name in names]
_REGIONS = [name for names in REGIONS.values() for name in names]

texts = st.text(st.characters(codec="utf-8"), max_size=8)
words = st.text("abAB12_- :;é日=.", max_size=6)
names = st.one_of(
    st.sampled_from(
        ["vmId", "vm_id", "VMId", "aB", "a_b", "a-b", "a", "b", "bC", "osDisk", "diskSizeGB", "é", "", "name"]
    ),
    words,
    texts,
)
plain = st.one_of(
    texts, words, st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.booleans(), st.none()
)


def _marked(value: Any) -> Any:
    return [{"inner": [SECRET]}, SECRET] if isinstance(value, list) else f"{SECRET}{value}"


def _fields(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    secrets = st.dictionaries(st.sampled_from(_SENSITIVE), inner.map(_marked), max_size=2)
    return st.builds(lambda open_, hidden: {**open_, **hidden}, st.dictionaries(names, inner, max_size=4), secrets)


values = st.recursive(plain, lambda inner: st.one_of(st.lists(inner, max_size=3), _fields(inner)), max_leaves=8)
tag_names = st.one_of(
    st.sampled_from(["Cost Center", "cost-center", "costCenter", "ns:team", "userData", "ansible_host"]), words, texts
)
tags = st.one_of(
    st.none(),
    words,
    texts,
    st.lists(st.tuples(words, words), max_size=4).map(lambda pairs: ";".join(map(":".join, pairs))),
)
entries = st.one_of(
    st.fixed_dictionaries({"name": tag_names, "value": st.one_of(texts, words)}),
    st.fixed_dictionaries({}, optional={"name": plain, "value": plain, "userData": st.just(SECRET)}),
    plain,
)
tag_lists = st.one_of(st.lists(entries, max_size=4), st.none(), texts)
privates = st.sampled_from(["", "10.1.0.4", "10.1.0.5", "127.0.0.1", "fd00::1", "ace:cab::1"])
publics = st.sampled_from(["", "20.1.2.3", "2603::1"])
addresses = st.fixed_dictionaries({}, optional={"privateIpAddress": privates, "publicIpAddress": publics})
subnets = st.fixed_dictionaries(
    {}, optional={"address": st.sampled_from(["", "10.1.0.0"]), "prefix": st.sampled_from(["", "24"])}
)
families = st.fixed_dictionaries(
    {}, optional={"ipAddress": st.lists(addresses, max_size=3), "subnet": st.lists(subnets, max_size=2)}
)
macs = st.one_of(st.from_regex(r"[0-9a-fA-F]{2}([:-]?)([0-9A-F]{2}\1){4}[0-9a-f]{2}", fullmatch=True), texts)
interfaces = st.one_of(
    st.fixed_dictionaries({"macAddress": macs, "ipv4": families}, optional={"ipv6": families}),
    st.builds(
        lambda known, more: {**more, **known},
        st.fixed_dictionaries({}, optional={"macAddress": macs, "ipv4": families}),
        _fields(values),
    ),
    plain,
)
computes = st.builds(
    lambda known, more: {**more, **known},
    st.fixed_dictionaries(
        {},
        optional={
            "vmId": texts,
            "tags": tags,
            "tagsList": tag_lists,
            "azEnvironment": st.one_of(st.sampled_from(_ENVIRONMENTS), plain),
            "location": st.one_of(st.sampled_from(_REGIONS), st.sampled_from(["West Europe", "EastUS2"]), plain),
        },
    ),
    _fields(values).map(lambda fields: {name: value for name, value in fields.items() if name not in _OWN}),
)
_OWN = ("vmId", "tags", "tagsList", "azEnvironment", "location")
networks = st.fixed_dictionaries(
    {}, optional={"interface": st.lists(interfaces, max_size=3), "dns": values, "adminUsername": st.just(SECRET)}
)
documents = st.one_of(
    st.fixed_dictionaries(
        {"compute": computes}, optional={"network": st.one_of(st.none(), networks), "extended": values}
    ),
    st.fixed_dictionaries(
        {"network": networks}, optional={"compute": st.one_of(st.none(), computes), "userData": st.just(SECRET)}
    ),
)
bracketed = st.sampled_from(["10.1.0.4", "10.1.0.5", "[fd00::1]", "fd00::1", "[ace:cab::1]", ""])
fronts = st.sampled_from(["51.0.0.1", "[2603::9]", "2603::a", ""])
balancers = st.fixed_dictionaries(
    {
        "publicIpAddresses": st.lists(
            st.fixed_dictionaries(
                {}, optional={"frontendIpAddress": fronts, "privateIpAddress": bracketed, "userData": st.just(SECRET)}
            ),
            max_size=3,
            unique_by=lambda entry: entry.get("privateIpAddress", "").strip("[]"),
        ),
        "inboundRules": st.lists(_fields(values), max_size=2),
    }
)
# Interfaces with addresses in each, for a load balancer and the local address to meet.
_full = addresses.filter(lambda address: len(address) == 2)
_family = st.fixed_dictionaries(
    {"ipAddress": st.lists(_full, min_size=1, max_size=3)}, optional={"subnet": st.lists(subnets, max_size=2)}
)
_nics = st.fixed_dictionaries({"ipv4": _family, "ipv6": _family}, optional={"macAddress": macs})
networked = st.fixed_dictionaries(
    {"network": st.fixed_dictionaries({"interface": st.lists(_nics, min_size=1, max_size=3)})}
)
