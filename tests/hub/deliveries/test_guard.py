"""No trick of an address makes the hub connect to a place that is not the receiver's to choose."""

from collections import Counter
from ipaddress import ip_address

import httpcore
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.deliveries.courier import Courier
from hub.deliveries.guard import Guard
from hub.deliveries.network import Blocked, GuardedBackend
from tests.support.receiver import Receiver, reply
from tests.support.tricks import (
    CLOUDS,
    CLOUDS_V6,
    INSIDE,
    INSIDE_V6,
    OUTSIDE,
    Canary,
    Near,
    carried,
    disguises,
    literals,
    resolve,
)

CLOSED = Guard(allow_http=True, allowed=[])
OPEN = Guard(allow_http=True, allowed=["0.0.0.0/0", "::/0"])
LOOPBACK = Guard(allow_http=True, allowed=["127.0.0.1/32"])
UNREACHABLE = "This address may not be reached from here"


class Asleep(Guard):
    """Lets everything pass."""

    def allows(self, address: str) -> bool:
        """Say yes."""
        del address
        return True


async def attempt(guard: Guard, urls: list[str]) -> Counter[str]:
    """Send to each of them with httpcore, unread, and count what came of it by its name."""
    network = GuardedBackend(guard, resolve, Near())
    outcomes: Counter[str] = Counter()
    async with httpcore.AsyncConnectionPool(network_backend=network) as pool:
        for url in urls:
            try:
                response = await pool.request("POST", url, content=b"{}")
                outcomes[str(response.status)] += 1
            except (httpcore.NetworkError, httpcore.ProtocolError) as error:
                outcomes[type(error).__name__] += 1
            except (httpcore.UnsupportedProtocol, ValueError, TypeError):
                outcomes["no address"] += 1
    return outcomes


def tricks(canary: Canary) -> list[str]:
    """Return all tricks, at each port where something listens."""
    ports = canary.ports.values()
    return [url for port in ports for url in (*literals(port), *disguises(port))]


async def test_no_trick_reaches_the_canary(record_property) -> None:
    """Hundreds of addresses, each both looked at and really tried: nothing comes."""
    async with Canary().listening() as canary:
        found = tricks(canary)
        courier = Courier(CLOSED, seconds=2)
        for url in found:
            assert CLOSED.refusal(url), url
            outcome = await courier.bring(url, [], b"{}")
            assert (outcome.status, outcome.error) == (None, "unreachable"), url
        await courier.close()
        # Also when nobody has looked at what is written.
        outcomes = await attempt(CLOSED, found)
        reached = dict(canary.hits)
        await canary.knock()

    record_property("tricks", len(found))
    assert len(found) >= 500
    assert sum(outcomes.values()) == len(found)
    assert outcomes["Blocked"] >= 500
    assert set(outcomes) <= {"Blocked", "ConnectError", "no address"}
    assert reached == dict.fromkeys(canary.ports, 0)
    # It was awake all the time.
    assert canary.hits == dict.fromkeys(canary.ports, 1)


async def test_the_canary_would_have_sung() -> None:
    """The same tricks with a guard that lets everything pass do reach it."""
    async with Canary().listening() as canary:
        outcomes = await attempt(Asleep(allow_http=True, allowed=[]), tricks(canary))

    assert outcomes["Blocked"] == 0
    assert canary.hits["127.0.0.1"] >= 20
    assert min(canary.hits.values()) > 0


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "0x7f.1", "017700000001", "localhost"])
async def test_each_notation_alone_would_have_reached_it(host: str) -> None:
    """So what keeps it out is the guard, and not that nobody reads such an address."""
    async with Canary().listening() as canary:
        url = f"http://{host}:{canary.ports['127.0.0.1']}/"
        await attempt(Asleep(allow_http=True, allowed=[]), [url])
        assert canary.hits["127.0.0.1"] == 1
        await attempt(CLOSED, [url])
        assert canary.hits["127.0.0.1"] == 1


def test_one_sentence_for_all_that_is_inside() -> None:
    """Nobody learns from it what there is."""
    assert {CLOSED.refusal(url) for url in literals(8443)} == {UNREACHABLE}


@pytest.mark.parametrize("address", [*INSIDE, *INSIDE_V6])
def test_what_is_inside_is_not_allowed(address: str) -> None:
    """Nor in a form of IPv6 that carries it."""
    assert not CLOSED.allows(address)
    if "." in address:
        assert not any(map(CLOSED.allows, carried(address)))


@pytest.mark.parametrize("address", OUTSIDE)
def test_what_is_outside_is_allowed(address: str) -> None:
    """As an address, and written in an address of the web."""
    host = f"[{address}]" if ":" in address else address

    assert CLOSED.allows(address)
    assert CLOSED.refusal(f"https://{host}/hook") is None


@given(address=st.ip_addresses())
def test_what_python_calls_private_is_not_allowed(address) -> None:
    """The registries as somebody else has read them."""
    if not address.is_global or address.is_multicast:
        assert not CLOSED.allows(str(address))


@pytest.mark.parametrize("text", ["", "127.1", "1.2.3.4.5", "8.8.8.8/32", "[::1]", "example.com"])
def test_what_is_no_address_is_not_allowed(text: str) -> None:
    """Not even by a setting that opens everything."""
    assert not CLOSED.allows(text)
    assert not OPEN.allows(text)


@pytest.mark.parametrize("host", ["1.2.3.4.5", "4294967296", "09.1.1.1", "127.0.0.256"])
async def test_a_number_that_nobody_can_read_leads_nowhere(host: str) -> None:
    """It stands for no other address, though every address were open."""
    near = Near()
    backend = GuardedBackend(OPEN, resolve, near)

    with pytest.raises(Blocked):
        await backend.connect_tcp(host, 443, timeout=2)
    assert near.hosts == []
    assert OPEN.refusal(f"https://{host}/") == UNREACHABLE


@pytest.mark.parametrize(
    "address", [*CLOUDS, *CLOUDS_V6, *(form for address in CLOUDS for form in carried(address))]
)
def test_no_setting_opens_what_clouds_keep_secrets_at(address: str) -> None:
    """Not even one that opens everything, nor one that names it."""
    own = Guard(allow_http=True, allowed=[address])

    assert not OPEN.allows(address)
    assert not own.allows(address)
    assert OPEN.refusal(f"https://[{address}]/" if ":" in address else f"https://{address}/")


def test_a_setting_opens_what_it_names_in_each_form() -> None:
    """What only carries an address is as open as that one; to open all opens also IPv6."""
    assert OPEN.allows("127.0.0.1")
    assert OPEN.allows("fc00::1")
    assert LOOPBACK.allows("::ffff:127.0.0.1")
    assert not LOOPBACK.allows("127.0.0.2")
    assert not LOOPBACK.allows("::1")
    assert LOOPBACK.refusal("https://localhost:8443/") is None
    assert CLOSED.refusal("https://localhost:8443/") == UNREACHABLE


async def test_an_operator_opens_a_network() -> None:
    """Then it is reached, and nothing beside it."""
    async with Canary().listening() as canary:
        for host, port in canary.ports.items():
            written = f"[{host}]" if ":" in host else host
            guard = Guard(allow_http=True, allowed=[str(ip_address(host))])
            urls = [f"http://{written}:{port}/", f"http://10.1.2.3:{port}/"]
            assert (await attempt(guard, urls))["Blocked"] == 1
            assert canary.hits[host] == 1


async def test_a_redirect_to_an_open_place_is_an_answer_like_any_other() -> None:
    """It is not followed, by httpcore or by the courier, although it might be."""
    async with Canary().listening() as canary, Receiver().serving() as door:
        near = f"http://127.0.0.1:{canary.ports['127.0.0.1']}/"
        door.answer = lambda _: reply(302, location=near)
        outcomes = await attempt(LOOPBACK, [door.url])
        courier = Courier(LOOPBACK)
        outcome = await courier.bring(door.url, [], b"{}")
        await courier.close()
        reached = canary.hits["127.0.0.1"]
        await attempt(LOOPBACK, [near])

    assert (outcomes, outcome.status, reached) == ({"302": 1}, 302, 0)
    assert canary.hits["127.0.0.1"] == 1


def test_plain_http_is_the_operators_to_allow() -> None:
    """It is refused where a hook is made, and at each delivery."""
    strict = Guard(allow_http=False, allowed=[])

    assert strict.refusal("http://example.com/") == "Begin it with https://"
    assert strict.refusal("https://example.com/") is None
    assert CLOSED.refusal("http://example.com/") is None


@pytest.mark.parametrize(
    ("url", "cure"),
    [
        ("https://user:word@example.com/", "user name"),
        ("https://@example.com/", "user name"),
        ("https://example.com/#part", "#"),
        ("https://example.com/#", "#"),
        ("https://example.com:22/", "port"),
        ("https://example.com:0/", "port"),
        ("https://example.com:1023/", "port"),
        ("https://example.com:99999/", "like https://"),
        ("https://example.com:https/", "like https://"),
        ("https:///hook", "name of a host"),
        ("https://-/", "name of a host"),
        ("https://a..b/", "name of a host"),
        ("https://example.com../", "name of a host"),
        (f"https://{'a' * 64}.example/", "name of a host"),
        (f"https://{'a.' * 127}example/", "name of a host"),
        ("https://[v1.abc]/", "name of a host"),
        ("https://example.com[2606:4700::1]/", "name of a host"),
        ("https://[2606:4700::1]example.com/", "name of a host"),
        ("https://b\u00fccher.example/", "xn--"),
        ("https://example.com/a b", "percent-encode"),
        ("https://example.com\\a", "percent-encode"),
        ("https://example.com/\x7f", "percent-encode"),
        ("example.com/hook", "Begin it with"),
        ("https://example.com/" + "a" * 2029, "2048"),
    ],
)
def test_a_refusal_names_the_cure(url: str, cure: str) -> None:
    """Whoever reads it knows what to write instead."""
    assert cure in (CLOSED.refusal(url) or "")


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com",
        "HTTPS://EXAMPLE.COM./hook?a=b%20c",
        "https://example.com:443/",
        "https://example.com:80/",
        "https://example.com:1024/",
        "https://example.com:65535/",
        "https://xn--bcher-kva.example/",
        "https://my_host.example/",
        "https://example.com/" + "a" * 2028,
    ],
)
def test_what_anybody_would_write_may_be_tried(url: str) -> None:
    """Up to the last port and the last character."""
    assert CLOSED.refusal(url) is None


@given(url=st.text() | st.text().map("https://{}/".format))
def test_whatever_is_written_there_is_an_answer(url: str) -> None:
    """A sentence or none, and never an error."""
    assert CLOSED.refusal(url) is None or CLOSED.refusal(url)
