"""A page on the hub's own origin: its browser says so in another header than `Origin`."""

import pytest

from tests.support.app import Api
from tests.support.streams import ORIGIN, headers_of, opened

VISITOR = f"v_1.{'0' * 32}"
HOST = ORIGIN.removeprefix("https://")


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin", "Host": HOST}, 200),
        ({"Sec-Fetch-Site": "same-origin", "Host": "other.example"}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Host": f"{HOST}:8443"}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Host": ""}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 403),
        ({"Sec-Fetch-Site": "same-site", "Host": HOST}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Host": HOST}, 403),
        ({"Sec-Fetch-Site": "none", "Host": HOST}, 403),
        ({"Host": HOST}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Host": HOST, "Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Host": HOST, "Origin": "https://evil.example"}, 403),
    ],
)
async def test_a_page_of_the_hubs_own_origin_is_known(
    api: Api, more: dict[str, str], status: int
) -> None:
    """Its host must be one that the key allows; nothing else stands in for a missing `Origin`."""
    sent = headers_of(api.business.widget_key, VISITOR)
    del sent["Origin"]
    async with opened(api.app, {**sent, **more}) as events:
        pass

    assert events.status == status
    assert events.headers.get("access-control-allow-origin") == (ORIGIN if status == 200 else None)
