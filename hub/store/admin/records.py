"""What a business and its people own, as the services hand it out. Secrets are not among it."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

KeyKind = Literal["server", "widget"]
Role = Literal["owner", "admin", "agent"]
Days = Annotated[int, Meta(ge=1, le=36_500)]
Language = Annotated[str, Meta(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]


class Privacy(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is kept of a person's network address, and what is masked in texts."""

    ip: Literal["keep", "truncate", "drop"] = "keep"
    mask: tuple[Literal["cards", "emails", "phones"], ...] = ()


class Retention(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """After how many days things are deleted; None keeps them."""

    messages_days: Days | None = None
    sessions_days: Days | None = None
    events_days: Days | None = None


class BusinessSettings(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a business decides for itself."""

    privacy: Privacy = Privacy()
    retention: Retention = Retention()
    languages: tuple[Language, ...] = ()
    """BCP 47 tags in the order of preference; none is the visitor's own."""
    greeting: Annotated[str, Meta(max_length=500)] | None = None
    away: Annotated[str, Meta(max_length=500)] | None = None
    """What those read who write while nobody is there."""


class Organization(Struct, frozen=True, kw_only=True):
    """A business."""

    id: UUID
    slug: str
    name: str
    settings: BusinessSettings
    created_at: datetime


class ApiKey(Struct, frozen=True, kw_only=True):
    """A key: everything about it but its secret."""

    id: UUID
    organization_id: UUID
    kind: KeyKind
    label: str
    prefix: str
    """The first characters of the plaintext, to tell keys apart."""
    allowed_origins: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None

    def lives(self, now: datetime) -> bool:
        """Tell whether the key may be used now."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)


class User(Struct, frozen=True):
    """Somebody who signs in."""

    id: UUID
    email: str
    name: str | None
    created_at: datetime


class Member(Struct, frozen=True):
    """A user's part in a business."""

    user: User
    role: Role
    since: datetime
