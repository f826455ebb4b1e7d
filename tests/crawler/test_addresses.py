from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.addresses import networks, refusal

PUBLIC = [
    "8.8.8.8", "93.184.216.34", "1.1.1.1", "192.0.1.1", "172.15.255.255", "172.32.0.0", "100.63.255.255", "223.255.255.255",
    "2606:4700:4700::1111", "2a00:1450:4001:80b::200e", "2001:4860:4860::8888", "::ffff:8.8.8.8", "::8.8.8.8", "64:ff9b::8.8.8.8",
    "2002:0808:0808::1", "2001:0:808:808::f7f7:f7f7",
]  # fmt: skip
NOT_PUBLIC = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.255.255", "169.254.169.254",
    "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.8", "192.0.0.170", "192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1",
    "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::2", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "::ffff:0:127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b::7f00:1",
    "64:ff9b:1::8.8.8.8", "100::1", "2001::1", "2001:2::1", "2001:10::1", "2001:db8::1", "2002:7f00:1::", "2002:a9fe:a9fe::1", "3fff::1",
    "4000::1", "5f00::1", "fc00::1", "fd12:3456::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "ff0e::1",
    # Teredo carries two addresses: the server's, and the client's with its bits turned.
    "2001:0:7f00:1::f7f7:f7f7", "2001:0:808:808::80ff:fffe",
]  # fmt: skip


@pytest.mark.parametrize("host", PUBLIC)
def test_a_public_address_may_be_connected_to(host: str) -> None:
    assert refusal(host, ()) is None


@pytest.mark.parametrize("host", NOT_PUBLIC)
def test_any_other_may_not(host: str) -> None:
    assert refusal(host, ()) is not None


@pytest.mark.parametrize(
    "host", ["", "example.org", "127.1", "2130706433", "0x7f.1", "127.0.0.1 ", "[::1]", "\uff11.1.1.1"]
)
def test_what_is_no_address_is_never_connected_to(host: str) -> None:
    assert refusal(host, networks(["0.0.0.0/0", "::/0"])) is not None


@pytest.mark.parametrize(
    ("host", "allowed", "may"),
    [
        ("127.0.0.1", ["127.0.0.0/8"], True),
        ("127.0.0.1", ["127.0.0.1/32"], True),
        ("127.0.0.2", ["127.0.0.1/32"], False),
        ("::ffff:127.0.0.1", ["127.0.0.0/8"], True),
        ("::1", ["127.0.0.0/8"], False),
        ("::1", ["::1/128"], True),
        ("10.1.2.3", ["192.168.0.0/16", "10.0.0.0/8"], True),
        ("64:ff9b::10.1.2.3", ["10.0.0.0/8"], True),
        ("64:ff9b::10.1.2.3", ["64:ff9b::/96"], False),
        ("fd00::1", ["fd00::/8"], True),
        ("fec0::1", ["fec0::/10"], True),
        ("224.0.0.1", ["224.0.0.0/4"], True),
        ("8.8.8.8", ["10.0.0.0/8"], True),
        ("2001:0:7f00:1::f7f7:f7f7", ["127.0.0.0/8"], True),
        ("2001:0:7f00:1::f5ff:fffe", ["127.0.0.0/8"], False),
    ],
)
def test_the_operator_opens_just_what_is_named(host: str, allowed: list[str], may: bool) -> None:
    assert (refusal(host, networks(allowed)) is None) is may


@given(st.integers(0, 2**32 - 1))
def test_an_ipv4_address_is_the_same_however_ipv6_carries_it(number: int) -> None:
    plain = refusal(str(IPv4Address(number)), ()) is None
    forms = {
        "mapped": IPv6Address(0xFFFF << 32 | number),
        "NAT64": IPv6Address((0x64FF9B << 96) | number),
        "6to4": IPv6Address(0x2002 << 112 | number << 80),
        "Teredo client": IPv6Address(0x20010000 << 96 | 0x08080808 << 64 | (number ^ 0xFFFFFFFF)),
        "Teredo server": IPv6Address(0x20010000 << 96 | number << 64 | (0x08080808 ^ 0xFFFFFFFF)),
    }
    assert {name for name, form in forms.items() if (refusal(str(form), ()) is None) is not plain} == set()


@given(st.integers(0, 2**32 - 1))
def test_a_compatible_address_is_never_freer_than_what_it_carries(number: int) -> None:
    if refusal(str(IPv6Address(number)), ()) is None:
        assert refusal(str(IPv4Address(number)), ()) is None


@given(st.ip_addresses(), st.sampled_from(["0.0.0.0/0", "::/0", "10.0.0.0/8", "2000::/3"]))
def test_opening_a_network_closes_nothing(address: IPv4Address | IPv6Address, network: str) -> None:
    if refusal(str(address), ()) is None:
        assert refusal(str(address), networks([network])) is None


@given(st.text())
def test_any_text_gets_an_answer(host: str) -> None:
    refusal(host, networks(["10.0.0.0/8"]))


def test_a_network_that_cannot_be_read_is_said() -> None:
    assert networks(["10.0.0.0/8"]) == (ip_network("10.0.0.0/8"),)
    with pytest.raises(ValueError, match="host bits"):
        networks(["10.0.0.1/8"])
