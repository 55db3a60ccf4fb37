"""What is proved of a visitor, beside what it says itself."""

from msgspec import Struct


class Proved(Struct, frozen=True, kw_only=True):
    """Who a visitor is, by a token that the site's own backend has signed."""

    external_user_id: str
    email: str | None = None
    name: str | None = None
