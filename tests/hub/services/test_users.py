"""Users: argon2id, one account however many businesses."""

import pytest

from hub.errors import BadRequest, Conflict, NotFound
from hub.services.users import Users
from hub.store.admin import users as store

EMAIL = "owner@example.com"
PASSWORD = "correct horse"


@pytest.fixture
def users(database) -> Users:
    """The service of users."""
    return Users(database)


async def test_a_user_signs_in_with_the_given_password_and_no_other(users, acme, database) -> None:
    """The e-mail is compared without case; what is stored is an argon2id hash."""
    made = await users.create(acme.id, " Owner@Example.com ", "owner", PASSWORD)

    assert made.password is None
    assert await users.verify("OWNER@example.com", PASSWORD) == made.user
    assert await users.verify(EMAIL, PASSWORD + " ") is None
    assert await users.verify("nobody@example.com", PASSWORD) is None
    hashed = await database.read(lambda c: store.password_hash(c, EMAIL))
    assert hashed.startswith("$argon2id$")


async def test_without_a_password_one_is_made_and_returned_once(users, acme) -> None:
    """It opens the account."""
    made = await users.create(acme.id, EMAIL, "agent")

    assert len(made.password) >= 16
    assert await users.verify(EMAIL, made.password) == made.user


async def test_members_are_listed_with_their_roles(users, acme, other) -> None:
    """By e-mail, of this business alone."""
    owner = await users.create(acme.id, "b@example.com", "owner")
    agent = await users.create(acme.id, "a@example.com", "agent")
    await users.create(other.id, "c@example.com", "owner")

    found = [(member.user, member.role) for member in await users.members(acme.id)]
    assert found == [(agent.user, "agent"), (owner.user, "owner")]


async def test_somebody_with_an_account_joins_another_business_with_it(users, acme, other) -> None:
    """The account and its password stay; a password for it is refused, and so is joining twice."""
    made = await users.create(acme.id, EMAIL, "owner", PASSWORD)

    with pytest.raises(Conflict, match="give none"):
        await users.create(other.id, EMAIL, "agent", "another password")
    assert await users.members(other.id) == []
    joined = await users.create(other.id, EMAIL, "agent")
    assert (joined.user, joined.password) == (made.user, None)
    with pytest.raises(Conflict, match="member already"):
        await users.create(other.id, EMAIL, "owner")
    assert await users.verify(EMAIL, PASSWORD) == made.user


@pytest.mark.parametrize(
    ("email", "role", "password", "field"),
    [
        ("", "owner", PASSWORD, "email"),
        ("nobody", "owner", PASSWORD, "email"),
        ("a@b@c", "owner", PASSWORD, "email"),
        ("a b@example.com", "owner", PASSWORD, "email"),
        ("x" * 309 + "@example.com", "owner", PASSWORD, "email"),
        (EMAIL, "king", PASSWORD, "role"),
        (EMAIL, "owner", "1234567", "password"),
        (EMAIL, "owner", "x" * 1001, "password"),
    ],
)
async def test_what_cannot_be_a_user_is_named(users, acme, email, role, password, field) -> None:
    """And nothing is stored."""
    with pytest.raises(BadRequest) as refused:
        await users.create(acme.id, email, role, password)

    assert set(refused.value.fields) == {field}
    assert await users.members(acme.id) == []


async def test_a_new_password_replaces_the_old_one(users, acme) -> None:
    """The given one or a made one; nobody's cannot be set."""
    await users.create(acme.id, EMAIL, "owner", PASSWORD)

    assert await users.set_password(EMAIL, "another password") == "another password"
    assert await users.verify(EMAIL, PASSWORD) is None
    made = await users.set_password(EMAIL)
    assert await users.verify(EMAIL, made)
    with pytest.raises(NotFound):
        await users.set_password("nobody@example.com")
    with pytest.raises(BadRequest):
        await users.set_password(EMAIL, "short")
