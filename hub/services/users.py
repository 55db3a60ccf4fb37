"""Users: create, give a part in a business, check a password."""

import asyncio
import re
import secrets
from functools import cache
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from msgspec import Struct

from hub import ids
from hub.errors import Conflict, NotFound
from hub.services.forms import Form, now
from hub.store.admin import users as store
from hub.store.admin.records import Member, Role, User
from hub.store.database import Connection, Contended, Database

SHORTEST_PASSWORD = 8
LONGEST_PASSWORD = 1000
ROLES: tuple[Role, ...] = ("owner", "admin", "agent")
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+")
_LONGEST_EMAIL = 320
_GENERATED_BYTES = 15


class NewUser(Struct, frozen=True):
    """A user and the password that was made for it; None when it has one of its own."""

    user: User
    password: str | None


class Users:
    """Makes users and knows their passwords by argon2id (RFC 9106)."""

    def __init__(self, database: Database) -> None:
        """Keep users in this database."""
        self._database = database

    async def create(
        self,
        organization_id: UUID,
        email: str,
        role: Role,
        password: str | None = None,
        name: str | None = None,
    ) -> NewUser:
        """Make a user a member of a business; without a password, make one and return it.

        Somebody who has an account in another business keeps it, password included. Raises
        `BadRequest` naming `email`, `role` or `password`, `Conflict` for a member.
        """
        email = _checked(email, role, password)
        made = None if password is not None else secrets.token_urlsafe(_GENERATED_BYTES)
        hashed = await asyncio.to_thread(_hasher().hash, password or made or "")
        fresh = User(id=ids.new(), email=email, name=name, created_at=now())

        def work(connection: Connection) -> User:
            user = store.by_email(connection, email)
            if user is None:
                store.add(connection, fresh, hashed)
                user = fresh
            elif store.role(connection, organization_id, user.id):
                raise Conflict(f"{email} is a member already", code="already_member")
            elif password is not None:
                raise Conflict(f"{email} has an account, whose password stays: give none")
            store.join(connection, organization_id, user.id, role, fresh.created_at)
            return user

        try:
            user = await self._database.write(work)
        except Contended as error:
            raise Conflict(f"{email} cannot become a member: try again") from error
        return NewUser(user, made if user is fresh else None)

    async def by_email(self, email: str) -> User:
        """Return the user of this e-mail, or raise `NotFound`."""
        normal = email.strip().lower()
        user = await self._database.read(lambda c: store.by_email(c, normal))
        if user is None:
            raise NotFound(f"There is no user {normal}")
        return user

    async def members(self, organization_id: UUID) -> list[Member]:
        """Return who belongs to a business, by e-mail."""
        return await self._database.read(lambda c: store.members(c, organization_id))

    async def verify(self, email: str, password: str) -> User | None:
        """Return the user whose e-mail and password these are.

        A wrong e-mail costs what a wrong password costs.
        """
        normal = email.strip().lower()

        def work(connection: Connection) -> tuple[User | None, str | None]:
            return store.by_email(connection, normal), store.password_hash(connection, normal)

        user, hashed = await self._database.read(work)
        nobody = await asyncio.to_thread(_nobody)
        right = await asyncio.to_thread(_matches, hashed or nobody, password)
        return user if right and hashed else None

    async def set_password(self, email: str, password: str | None = None) -> str:
        """Give a user a new password, the given one or a fresh one, and return it."""
        form = Form()
        if password is not None:
            _check_password(form, password)
        form.check()
        user = await self.by_email(email)
        chosen = password or secrets.token_urlsafe(_GENERATED_BYTES)
        hashed = await asyncio.to_thread(_hasher().hash, chosen)
        await self._database.write(lambda c: store.set_password(c, user.id, hashed))
        return chosen


def _checked(email: str, role: Role, password: str | None) -> str:
    """Return the e-mail as it is kept; raise `BadRequest` with all that is wrong."""
    form = Form()
    email = _email(form, email)
    if role not in ROLES:
        form.wrong("role", f"Use one of {', '.join(ROLES)}")
    if password is not None:
        _check_password(form, password)
    form.check()
    return email


def _email(form: Form, text: str) -> str:
    email = form.line("email", text, _LONGEST_EMAIL).lower()
    if email and not _EMAIL.fullmatch(email):
        form.wrong("email", "Write an e-mail address, such as owner@example.com")
    return email


def _check_password(form: Form, password: str) -> None:
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        form.wrong("password", f"Use {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters")


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _nobody() -> str:
    return _hasher().hash(secrets.token_urlsafe())


def _matches(hashed: str, password: str) -> bool:
    try:
        return _hasher().verify(hashed, password)
    except (VerificationError, InvalidHashError):
        return False
