"""Which identities a message proves, and when two writings are one identity. Pure."""

from collections.abc import Sequence
from hashlib import sha256

from hub.contracts import Arrival, Caller, Identity, Message, Person
from hub.proofs import Proved
from hub.store.states import CustomerState

PHONE = "phone"
EXTERNAL_ID = "external_id"
EMAIL = "email"
VISITOR = "visitor"
KEY_CHARACTERS = 320

_BRAZIL, _BRAZIL_SHORT, _BRAZIL_MOBILE = "55", 12, "6789"
_MEXICO, _MEXICO_LONG = "521", 13


def of_message(
    message: Message, arrival: Arrival, contributed: Sequence[Identity]
) -> list[Identity]:
    """Return a message's identities, strongest first.

    The plugins' come first, then phone, external id, e-mail and visitor.

    A caller that is not trusted proves nothing but its own visitor, and whom a token proves.
    """
    person, caller = message.person, arrival.caller
    visitor = [visitor_identity(person.visitor_id, caller)] if person.visitor_id else []
    if caller.trusted:
        return [*contributed, *of_person(person), *visitor]
    return [*of_proved(arrival.proved), *visitor]


def of_proved(proved: Proved | None) -> list[Identity]:
    """Return the identities of whom a token proves, strongest first."""
    if proved is None:
        return []
    return of_person(Person(external_user_id=proved.external_user_id, email=proved.email))


def of_person(person: Person) -> list[Identity]:
    """Return the identities that hold in the whole organization, strongest first."""
    found = []
    if person.phone_e164:
        found.append(phone(person.phone_e164))
    if person.external_user_id:
        found.append(Identity(EXTERNAL_ID, person.external_user_id, person.external_user_id))
    if person.email:
        found.append(email(person.email))
    return found


def of_state(state: CustomerState) -> list[Identity]:
    """Return the identities by which a known customer is shown, strongest first."""
    return of_person(
        Person(
            phone_e164=state.phone_e164,
            external_user_id=state.external_user_id,
            email=state.email,
        )
    )


def phone(number: str) -> Identity:
    """Return a phone number's identity."""
    return Identity(PHONE, number, phone_key(number))


def email(address: str) -> Identity:
    """Return an e-mail address's identity: capitals do not matter."""
    key = address.strip().casefold()
    # Without its capitals a text may be longer than with them.
    fits = len(key) <= KEY_CHARACTERS
    return Identity(EMAIL, address, key if fits else sha256(key.encode()).hexdigest())


def visitor_identity(visitor_id: str, caller: Caller) -> Identity:
    """Return a visitor's identity, which holds under one key only."""
    return Identity(VISITOR, visitor_id, visitor_id, caller.scope.hex)


def phone_key(number: str) -> str:
    """Return the one form of a number that has several: Brazil's ninth digit, Mexico's old 1.

    WhatsApp writes Brazilian mobile numbers without the 9 that numbers got in 2012 to 2016, and
    Mexican ones with the 1 that was dropped in 2019. Landlines never had either.
    """
    digits = number.removeprefix("+")
    if digits.startswith(_BRAZIL) and len(digits) == _BRAZIL_SHORT and digits[4] in _BRAZIL_MOBILE:
        return f"{digits[:4]}9{digits[4:]}"
    if digits.startswith(_MEXICO) and len(digits) == _MEXICO_LONG:
        return f"52{digits[3:]}"
    return digits
