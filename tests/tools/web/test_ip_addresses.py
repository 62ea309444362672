from __future__ import annotations

import ipaddress
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.ledger.errors import UsageError
from outlay.tools.web.ip_addresses import AllowedHosts, carried, kind, refusal

NOBODY = AllowedHosts()
V4 = st.ip_addresses(v=4)
V6 = st.ip_addresses(v=6)
FORMS = ["::", "::ffff:", "::ffff:0:", "64:ff9b::", "2a00:1450::5efe:", "2a00:1450::200:5efe:"]


@given(V4 | V6)
def test_what_python_knows_as_special_is_never_public(address: IPv4Address | IPv6Address) -> None:
    if address.is_private or address.is_multicast or address.is_reserved:
        well_known = address in ipaddress.ip_network("64:ff9b::/96") if address.version == 6 else 0
        assert well_known or kind(address) is not None


@given(V4, st.sampled_from(FORMS))
def test_no_ipv6_form_hides_an_ipv4_address(address: IPv4Address, form: str) -> None:
    hidden = IPv6Address(form + str(address))
    assert carried(hidden) == address or kind(hidden) is not None
    assert kind(address) is None or kind(hidden) is not None


@given(V4 | V6, st.integers(1, 65535))
def test_what_is_refused_says_the_host_and_why(
    address: IPv4Address | IPv6Address, port: int
) -> None:
    why = refusal("host.example", port, [address], NOBODY)
    assert why is None or "host.example" in why
    assert why is not None or kind(address) is None
    everything = AllowedHosts.of(["0.0.0.0/0", "::/0"])
    assert refusal("host.example", port, [address], everything) is None


@pytest.mark.parametrize(
    ("address", "what"),
    [
        ("127.8.8.8", "a loopback address"),
        ("10.0.0.1", "a private address"),
        ("169.254.169.254", "a link-local address"),
        ("100.100.100.200", "an address behind a provider's NAT"),
        ("168.63.129.16", "a metadata address"),
        ("224.0.0.1", "a multicast address"),
        ("255.255.255.255", "the broadcast address"),
        ("::1", "a loopback address"),
        ("::ffff:127.0.0.1", "a loopback address (127.0.0.1) in IPv6 form"),
        ("64:ff9b::10.0.0.1", "a private address (10.0.0.1) in IPv6 form"),
        ("64:ff9b:1::1", "a reserved address"),
        ("2002:7f00:1::", "a 6to4 address"),
        ("2001:0:1::", "a Teredo address"),
        ("fd00:ec2::254", "a private address"),
        ("fe80::1", "a link-local address"),
        ("4000::1", "a reserved address"),
        ("93.184.215.14", None),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", None),
        ("64:ff9b::8.8.8.8", None),
    ],
)
def test_kinds(address: str, what: str | None) -> None:
    assert kind(ipaddress.ip_address(address)) == what


def test_one_bad_answer_among_good_ones_is_enough() -> None:
    answers = [IPv4Address("93.184.215.14"), IPv4Address("127.0.0.1")]
    assert refusal("a.example", 443, answers, NOBODY) == (
        "a.example is 127.0.0.1, which is a loopback address, and such addresses are not read"
    )


def test_what_is_allowed_is_read_on_any_port_and_nothing_else_is() -> None:
    allowed = AllowedHosts.of(["Intranet.Example.", "10.1.0.0/16", "[::1]"])
    private, other = IPv4Address("10.1.2.3"), IPv4Address("10.2.0.1")
    assert refusal("x.example", 5432, [private], allowed) is None
    assert refusal("::1", 5432, [IPv6Address("::1")], allowed) is None
    assert refusal("intranet.example", 9, [other], allowed) is None
    assert refusal("sub.intranet.example", 80, [other], allowed) is not None
    assert "port 22" in str(refusal("x.example", 22, [IPv4Address("8.8.8.8")], allowed))


@pytest.mark.parametrize("entry", ["", "10.0.0.1/8", "http://a.example", "a b", "*", "0x7f.1"])
def test_an_entry_that_is_no_host_is_an_error(entry: str) -> None:
    with pytest.raises(UsageError, match="allow="):
        AllowedHosts.of([entry])
