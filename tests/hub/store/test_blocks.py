"""Which calls come from somebody who is kept out: addresses as numbers, both stores alike."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from random import Random

import pytest

from hub import ids
from hub.settings import Settings
from hub.store import blocks
from hub.store.blocks import Block
from hub.store.opening import open_database
from hub.store.questions import ask

NOW = datetime(2026, 3, 1, tzinfo=UTC)
BUSINESS, OTHER, KEY = ids.new(), ids.new(), ids.new()


def block(**facts) -> Block:
    """Make a block of the business."""
    whole = {"organization_id": BUSINESS, "reason": "spam", "created_at": NOW, **facts}
    return Block(id=ids.new(), **whole)


@pytest.mark.parametrize(
    ("network", "inside", "outside"),
    [
        ("203.0.113.7/32", ["203.0.113.7"], ["203.0.113.6", "203.0.113.8", "2001:db8::"]),
        ("203.0.113.0/24", ["203.0.113.0", "203.0.113.255"], ["203.0.112.255", "203.0.114.0"]),
        ("203.0.0.0/16", ["203.0.0.0", "203.0.255.255"], ["202.255.255.255", "203.1.0.0"]),
        ("2001:db8::/64", ["2001:db8::1", "2001:db8::ffff:1"], ["2001:db8:0:1::1", "203.0.113.7"]),
        ("2001:db8::/32", ["2001:db8::1", "2001:db8:ffff::1"], ["2001:db9::1", "2001:db7::1"]),
        ("fd00::/64", ["fd00::9"], ["fd00:0:0:1::9", "1.2.3.4"]),
        ("0.0.0.0/16", ["0.0.255.255"], ["::1", "::", "0.1.0.0"]),
        ("255.255.0.0/16", ["255.255.255.255"], ["255.254.255.255", "ffff::1"]),
    ],
)
def test_an_address_lies_in_its_network_alone(network, inside, outside) -> None:
    """First and last address are inside, their neighbours and the other protocol are not."""
    first, last = blocks.span(ip_network(network))

    assert all(first <= blocks.place(ip) <= last for ip in inside)
    assert not any(first <= blocks.place(ip) <= last for ip in outside)
    assert all(-(2**63) <= number < 2**63 for number in (first, last))


def test_numbers_agree_with_the_networks_of_python() -> None:
    """1,000 drawn networks and addresses of both protocols, seed 7."""
    chance = Random(7)
    for _ in range(1_000):
        v4 = chance.random() < 0.5
        bits, least, most = (32, 16, 32) if v4 else (128, 32, 64)
        drawn = chance.getrandbits(bits)
        length = chance.randint(least, most)
        base = ip_network((drawn, bits)).supernet(new_prefix=length)
        near = drawn ^ (1 << chance.randrange(bits - most if v4 else 64, bits))
        address = ip_network((near, bits)).network_address
        first, last = blocks.span(base)

        assert (first <= blocks.place(str(address)) <= last) == (address in base)


def test_what_is_no_address_has_no_place() -> None:
    """The peer of a unix socket is nobody's network."""
    assert [blocks.place(text) for text in ("", "unix:", "203.0.113", "x")] == [None] * 4


@pytest.fixture
async def found(database_url):
    """Store blocks; tell which of some visitors are kept out."""
    database = open_database(Settings(database_url=database_url))

    async def look(stored: list[Block], asked: list[blocks.Visit]) -> set[blocks.Visit]:
        for one in stored:
            await database.write(lambda c, one=one: blocks.put(c, one, None))
        (answer,) = await database.read(lambda c: ask(c, blocks.visitors_of(asked, NOW)))
        return answer

    yield look
    await database.close()


async def test_a_visitor_is_found_by_business_key_and_name(found) -> None:
    """Its namesakes of other businesses and keys are not, nor is who was blocked until now."""
    soon, just = NOW + timedelta(seconds=1), NOW
    stored = [
        block(key_id=KEY, visitor_id="v_bad"),
        block(key_id=KEY, visitor_id="v_soon", expires_at=soon),
        block(key_id=KEY, visitor_id="v_over", expires_at=just),
    ]
    asked = [
        *((BUSINESS, KEY, name) for name in ("v_bad", "v_soon", "v_over", "v_good", "V_BAD")),
        (OTHER, KEY, "v_bad"),
        (BUSINESS, OTHER, "v_bad"),
    ]

    assert await found(stored, asked) == {(BUSINESS, KEY, "v_bad"), (BUSINESS, KEY, "v_soon")}
