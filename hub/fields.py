"""The fields that many wire Structs share: one size, one form and one sentence for each.

The sentence under `cure` is what a caller reads when the field does not hold what it should.
"""

from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta

# `$` would let a last line break pass.
_TAIL = r"_[0-7][0-9a-hjkmnp-tv-z]{25}\Z"


def _text(most: int, description: str, **options: Any) -> Meta:
    return Meta(max_length=most, description=description, **options)


def _id(kind: str, noun: str) -> Meta:
    """Describe an id of ours: a kind and 26 characters."""
    return Meta(
        pattern=f"^{kind}{_TAIL}",
        description=f"The id of {noun}.",
        examples=[f"{kind}_01kb3e9v5hf0zt3tbwq6s1m8nd"],
        extra={"cure": f"Send the id of {noun}: {kind}_ and 26 characters"},
    )


PHONE_PATTERN = r"^\+[1-9][0-9]{6,14}\Z"
_PHONE = Meta(
    pattern=PHONE_PATTERN,
    description="A phone number in E.164.",
    examples=["+15551234567"],
    extra={"cure": "Use E.164: + and 7 to 15 digits, like +15551234567"},
)
_SINCE = Meta(
    tz=True,
    description="Only what was made at this moment or later.",
    examples=["2026-01-31T12:00:00Z"],
    extra={"cure": "Use ISO 8601 with a time zone, like 2026-01-31T12:00:00Z"},
)
_UNTIL = Meta(
    tz=True,
    description="A moment that is still to come.",
    extra={"cure": "Use ISO 8601 with a time zone, like 2030-01-31T12:00:00Z"},
)
_CURSOR = Meta(
    pattern=r"^[A-Za-z0-9_-]{22}\Z",
    description="Where the last page ended: its `nextCursor`.",
    extra={"cure": "Send the nextCursor of the page before, unchanged"},
)

Phone = Annotated[str, _PHONE]
Body = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=16_000,
        description="The text.",
        examples=["Hi, do you ship to Canada?"],
    ),
]
Id255 = Annotated[str, Meta(min_length=1, max_length=255)]
Name200 = Annotated[str, _text(200, "A person's name.")]
Email320 = Annotated[str, _text(320, "An e-mail address.")]
Path2048 = Annotated[str, _text(2048, "A path or an address of a page.")]
Text200 = Annotated[str, Meta(min_length=1, max_length=200)]

MessageId = Annotated[str, _id("msg", "a message")]
CustomerId = Annotated[str, _id("cus", "a customer")]
ConversationId = Annotated[str, _id("con", "a conversation")]
SessionId = Annotated[str, _id("vs", "a session")]
KeyId = Annotated[str, _id("key", "a key")]
EventId = Annotated[str, _id("evt", "an event")]
ConnectionId = Annotated[str, _id("cnx", "a connection")]
BlockId = Annotated[str, _id("blk", "a block")]
HookId = Annotated[str, _id("hook", "a hook")]
DeliveryId = Annotated[str, _id("dlv", "a delivery")]
OrganizationId = Annotated[str, _id("org", "a business")]

Since = Annotated[datetime, _SINCE]
Until = Annotated[datetime, _UNTIL]
HookUrl = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=2048,
        description="Where events are sent to, by POST.",
        examples=["https://example.com/hooks/clonvo"],
    ),
]
Network = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=200,
        description="An IPv4 network from /16 to /32, or IPv6 from /32 to /64.",
        examples=["203.0.113.0/24"],
    ),
]
Cursor = Annotated[str, _CURSOR]
Limit = Annotated[int, Meta(ge=1, le=100, description="How many at most.")]
