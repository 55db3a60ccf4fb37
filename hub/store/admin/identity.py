"""How visitors prove who they are to a widget key: kept with the key, so that one look finds both.

Secrets are sealed by whoever writes them, and unsealed by whoever checks tokens.
"""

from collections.abc import Sequence
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa
from msgspec import Struct, convert, to_builtins

from hub.store.tables import api_key

Mode = Literal["off", "optional", "required"]


class Sealed(Struct, frozen=True, array_like=True):
    """One secret at rest."""

    text: str
    until: int | None = None
    """When it dies, in milliseconds since the epoch: a rotation left it to live on for a while."""

    def lives(self, at: int) -> bool:
        """Tell whether tokens that were signed with it count at this moment."""
        return self.until is None or self.until > at


class Rule(Struct, frozen=True):
    """What a key asks of its visitors, and what their tokens are signed with."""

    mode: Mode = "off"
    secrets: tuple[Sealed, ...] = ()
    """The newest first."""


OFF = Rule()


def rule_of(mode: Mode | None, secrets: Sequence[Any] | None) -> Rule:
    """Return the rule that a key's two columns hold."""
    if mode is None or not secrets:
        return OFF
    return Rule(mode, convert(secrets, tuple[Sealed, ...]))


def find(connection: sa.Connection, organization_id: UUID, key_id: UUID) -> Rule:
    """Return a key's rule."""
    k = api_key.c
    statement = sa.select(k.identity_mode, k.identity_secrets).where(
        k.organization_id == organization_id, k.id == key_id
    )
    row = connection.execute(statement).first()
    return rule_of(*row) if row else OFF


def keep(connection: sa.Connection, organization_id: UUID, key_id: UUID, rule: Rule) -> None:
    """Replace a key's rule."""
    k = api_key.c
    named = sa.and_(k.organization_id == organization_id, k.id == key_id)
    values = {"identity_mode": rule.mode, "identity_secrets": to_builtins(rule.secrets)}
    connection.execute(sa.update(api_key).where(named).values(values))
