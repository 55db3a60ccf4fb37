"""The client's address: what the trusted proxies vouch for, and nothing a caller writes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.auth import proxies

TRUSTED = proxies.networks(["10.0.0.0/8", "2001:db8:ffff::/48"])
PEER = "10.0.0.1"


@pytest.mark.parametrize(
    ("forwarded_for", "expected"),
    [
        ([], PEER),
        ([""], PEER),
        ([" , ,"], PEER),
        (["203.0.113.7"], "203.0.113.7"),
        (["203.0.113.7, 10.0.0.2"], "203.0.113.7"),
        (["203.0.113.7,10.0.0.2,10.0.0.3"], "203.0.113.7"),
        (["203.0.113.7\t , \t10.0.0.2"], "203.0.113.7"),
        (["203.0.113.7, , 10.0.0.2,"], "203.0.113.7"),
        # Whatever stands left of the first stranger was written by the stranger.
        (["198.51.100.1, 203.0.113.7"], "203.0.113.7"),
        (["10.9.9.9, 203.0.113.7, 10.0.0.2"], "203.0.113.7"),
        (["<script>, 203.0.113.7"], "203.0.113.7"),
        (["unknown, 203.0.113.7, 10.0.0.2"], "203.0.113.7"),
        # Several headers are one list.
        (["198.51.100.1", "203.0.113.7"], "203.0.113.7"),
        (["203.0.113.7", "10.0.0.2"], "203.0.113.7"),
        (["203.0.113.7", "", "10.0.0.2, 10.0.0.3"], "203.0.113.7"),
        # A client inside the trusted network is the farthest that anybody knows of.
        (["10.1.2.3"], "10.1.2.3"),
        (["10.1.2.3, 10.0.0.2"], "10.1.2.3"),
        # Ports, brackets, IPv6.
        (["203.0.113.7:52100"], "203.0.113.7"),
        (["203.0.113.7:52100, 10.0.0.2:80"], "203.0.113.7"),
        (["2001:db8::7"], "2001:db8::7"),
        (["2001:DB8:0:0:0:0:0:7"], "2001:db8::7"),
        (["[2001:db8::7]"], "2001:db8::7"),
        (["[2001:db8::7]:443, 2001:db8:ffff::1"], "2001:db8::7"),
        (["[2001:db8::7]:443, [2001:db8:ffff::1]:80"], "2001:db8::7"),
        (["::ffff:203.0.113.7"], "203.0.113.7"),
        (["203.0.113.7, ::ffff:10.0.0.2"], "203.0.113.7"),
        (["[::ffff:203.0.113.7]:1"], "203.0.113.7"),
        # A hop that cannot be read leaves the socket's own peer.
        (["unknown"], PEER),
        (["203.0.113.7, unknown"], PEER),
        (["203.0.113.7, unknown, 10.0.0.2"], PEER),
        (["203.0.113.7, _hidden, 10.0.0.2"], PEER),
        (["203.0.113.7, 10.0.0"], PEER),
        (["203.0.113.256"], PEER),
        (["0203.0.113.7"], PEER),
        (["203.0.113.7:"], PEER),
        (["203.0.113.7:port"], PEER),
        (["203.0.113.7 203.0.113.8"], PEER),
        (["203.0.113.7/32"], PEER),
        (["[2001:db8::7"], PEER),
        (["2001:db8::7]"], PEER),
        (["[2001:db8::7]x"], PEER),
        (["fe80::1%eth0"], PEER),
        (["for=203.0.113.7"], PEER),
        (['"203.0.113.7"'], PEER),
        (["\u0662\u0660\u0663.0.113.7"], PEER),
        (["203.0.113.7\n"], PEER),
        (["2130706433"], PEER),
    ],
)
def test_a_trusted_peer_is_believed_as_far_as_the_chain_is_trusted(
    forwarded_for: list[str], expected: str
) -> None:
    """The list is read from the right, up to the first address that is not a proxy of ours."""
    assert proxies.client_address(PEER, forwarded_for, TRUSTED) == expected


@pytest.mark.parametrize("peer", ["203.0.113.9", "2001:db8::9", "127.0.0.1", "11.0.0.1"])
@pytest.mark.parametrize("header", ["198.51.100.1", "10.0.0.1", "unknown", "", "x" * 10_000])
def test_a_peer_that_is_not_trusted_is_the_client_whatever_it_claims(
    peer: str, header: str
) -> None:
    """Without a trusted proxy the header is hearsay."""
    assert proxies.client_address(peer, [header], TRUSTED) == peer
    assert proxies.client_address(peer, [header], ()) == peer


@pytest.mark.parametrize(
    ("peer", "expected"),
    [
        ("::ffff:10.0.0.1", "203.0.113.7"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:DB8::9", "2001:db8::9"),
        ("fe80::1%eth0", "fe80::1"),
        ("", ""),
        ("unix", "unix"),
    ],
)
def test_the_peer_comes_out_in_its_one_form(peer: str, expected: str) -> None:
    """A dual-stack socket shows IPv4 peers as IPv6, and links have zones; both are undone."""
    assert proxies.client_address(peer, ["203.0.113.7"], TRUSTED) == expected


def test_a_list_longer_than_any_chain_is_not_walked_to_its_end() -> None:
    """Ten kilobytes of trusted hops leave the peer; a real client at the right is still found."""
    endless = ["10.0.0.2"] * 1_100

    assert proxies.client_address(PEER, [",".join(["203.0.113.7", *endless])], TRUSTED) == PEER
    assert proxies.client_address(PEER, ["203.0.113.7", *endless], TRUSTED) == PEER
    assert proxies.client_address(PEER, [*endless, "203.0.113.7"], TRUSTED) == "203.0.113.7"
    assert proxies.client_address(PEER, ["203.0.113.7", *endless[:31]], TRUSTED) == "203.0.113.7"


@given(
    claims=st.lists(
        st.ip_addresses().map(str) | st.text(st.characters(exclude_characters=",")), max_size=40
    ),
    proxied=st.lists(st.ip_addresses(network="10.0.0.0/8").map(str), max_size=5),
)
def test_what_a_caller_writes_never_changes_its_address(
    claims: list[str], proxied: list[str]
) -> None:
    """Whatever header comes along, the proxy appends the real address to its right."""
    header = ", ".join([*claims, "203.0.113.7", *proxied])

    assert proxies.client_address(PEER, [header], TRUSTED) == "203.0.113.7"


@given(peer=st.text() | st.ip_addresses().map(str), headers=st.lists(st.text(), max_size=4))
def test_no_header_makes_reading_fail(peer: str, headers: list[str]) -> None:
    """The answer is always some text; with a readable peer it is always an address."""
    everybody = proxies.networks(["0.0.0.0/0", "::/0"])
    client = proxies.client_address(peer, headers, everybody)

    assert client == peer or proxies.networks([client])


@pytest.mark.parametrize(
    ("ip", "expected"),
    [
        ("203.0.113.7", "203.0.113.7/32"),
        ("::ffff:203.0.113.7", "203.0.113.7/32"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("2001:DB8:1:3::1", "2001:db8:1:3::/64"),
        ("::1", "::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("unix", "unix"),
    ],
)
def test_a_client_is_counted_under_its_network(ip: str, expected: str) -> None:
    """One IPv4 address, or the 64 bits of IPv6 that one household or host has to itself."""
    assert proxies.network_of(ip) == expected


@pytest.mark.parametrize("text", ["", "10.0.0.0/33", "10.0.0", "example.com", "*", "10.0.0.0/8 "])
def test_a_network_that_cannot_be_read_is_refused(text: str) -> None:
    """A mistyped proxy must not become one that trusts nobody, or all."""
    with pytest.raises(ValueError, match=r"."):
        proxies.networks([text])


def test_a_network_may_be_written_with_host_bits_or_as_one_address() -> None:
    """As operators write them in practice."""
    trusted = proxies.networks(["10.1.2.3/8", "192.0.2.1", "2001:db8::1"])

    assert list(map(str, trusted)) == ["10.0.0.0/8", "192.0.2.1/32", "2001:db8::1/128"]
