"""Steps 4 and 7: whose message it is. Identities find the customer; nobody is merged silently."""

from collections.abc import Iterable
from uuid import UUID

from hub import ids
from hub.accept.draft import Batch, Draft
from hub.accept.identities import EXTERNAL_ID, VISITOR
from hub.contracts import Identity
from hub.errors import BadRequest
from hub.store.database import Connection
from hub.store.questions import Question
from hub.store.states import CustomerState, IdentityClaim, NewEvent
from hub.store.write import conversations, customers, identities, messages
from hub.store.write.identities import Claim, Owned

TOKEN = "identity_token"  # noqa: S105 - a name


def asked(batch: Batch) -> Question[list[Owned]]:
    """Ask who owns the identities of the batch's messages."""
    return identities.owned(claims(batch))


def claims(batch: Batch) -> set[tuple[UUID, str, str]]:
    """Return the (organization, kind, match key) of the batch's identities."""
    return {
        (draft.entry.organization_id, identity.kind, identity.match_key)
        for draft in batch.open
        for identity in draft.entry.identities
    }


def resolve(connection: Connection, batch: Batch, owned: list[Owned]) -> None:
    """Give each message its customer, found or new, and claim the identities that were unknown."""
    _follow_addresses(connection, batch)
    drafts = batch.open
    owners = _Owners(owned, drafts)
    for draft in drafts:
        known = owners.of(draft)
        if draft.customer is None:
            draft.customer = _strongest(draft, known) or _new_customer(draft)
        if _answers_another(connection, draft):
            continue
        _note_conflicts(batch, draft, known)
        owners.claim(draft)
        _describe(draft, {identity for identity, owner in known if owner is not draft.customer})
    batch.writes.append(identities.insert(owners.claims()))


def write(batch: Batch) -> None:
    """Write the customers that are new or told something new."""
    told = (draft.customer for draft in batch.open)
    states = {state.id: state for state in told if state and (state.fresh or state.changed)}
    ordered = sorted(states.values(), key=lambda state: state.id)
    batch.writes.append(customers.write(ordered))
    for state in ordered:
        kind = "customer.created" if state.fresh else "customer.updated"
        batch.events.append(NewEvent(state.organization_id, kind, state.id))


def _follow_addresses(connection: Connection, batch: Batch) -> None:
    """Resolve messages that name their customer or conversation by id."""
    addressed = [
        draft
        for draft in batch.open
        if draft.entry.message.customer_id or draft.entry.message.conversation_id
    ]
    for draft in addressed:
        message, organization_id = draft.entry.message, draft.entry.organization_id
        customer_id = message.customer_id
        if message.conversation_id:
            owner = conversations.customer_of(connection, organization_id, message.conversation_id)
            customer_id = None if customer_id not in {None, owner} else owner
        state = customer_id and customers.find(connection, organization_id, customer_id)
        if state:
            draft.customer = _shared(addressed, state)
        else:
            field = "conversationId" if message.conversation_id else "customerId"
            noun = field.removesuffix("Id")
            draft.outcome = BadRequest(fields={field: [f"No {noun} with this id"]})


def _shared(drafts: Iterable[Draft], state: CustomerState) -> CustomerState:
    # One state per customer in a batch, so that two messages do not overwrite each other.
    same = (d.customer for d in drafts if d.customer and d.customer.id == state.id)
    return next(same, state)


class _Owners:
    """Who owns which identity: what the database says, and what this batch claims."""

    def __init__(self, owned: list[Owned], drafts: list[Draft]) -> None:
        given = {draft.customer.id: draft.customer for draft in drafts if draft.customer}
        self._owners: dict[Claim, CustomerState] = {}
        self._states = given
        self._claims: dict[Claim, tuple[Identity, CustomerState, str]] = {}
        for claim, state in owned:
            self._owners[claim] = self._states.setdefault(state.id, state)

    def of(self, draft: Draft) -> list[tuple[Identity, CustomerState]]:
        """Return the draft's identities that are known, strongest first, with their owners."""
        found = ((i, self._owner(draft, i)) for i in draft.entry.identities)
        return [(identity, state) for identity, state in found if state]

    def claim(self, draft: Draft) -> None:
        """Give the draft's customer the identities that nobody owns.

        A token is about the person: another one may use the same browser, so that stays free.
        """
        assert draft.customer is not None
        by_token = draft.entry.arrival.proved is not None
        for identity in draft.entry.identities:
            if by_token and identity.kind == VISITOR:
                continue
            claim = _claim(draft, identity)
            if self._owner(draft, identity) is None:
                self._owners[claim] = draft.customer
                by = TOKEN if by_token else draft.entry.caller.kind
                self._claims[claim] = (identity, draft.customer, by)

    def claims(self) -> list[IdentityClaim]:
        """Return the claimed identities in the one order that avoids deadlocks."""
        return [
            IdentityClaim(*claim, identity.value, owner.id, by)
            for claim, (identity, owner, by) in sorted(self._claims.items(), key=_order)
        ]

    def _owner(self, draft: Draft, identity: Identity) -> CustomerState | None:
        claim = _claim(draft, identity)
        exact = self._owners.get(claim)
        if exact or identity.kind != VISITOR or not draft.entry.caller.trusted:
            return exact
        # A backend may name the widget's visitor: the latest under any key.
        others = [known for known in self._owners if known[:3] == claim[:3]]
        return self._owners[others[-1]] if others else None


def _order(claimed: tuple[Claim, object]) -> Claim:
    return claimed[0]


def _claim(draft: Draft, identity: Identity) -> Claim:
    return (draft.entry.organization_id, identity.kind, identity.match_key, identity.scope)


def _strongest(draft: Draft, known: list[tuple[Identity, CustomerState]]) -> CustomerState | None:
    """Return whom the strongest identity names.

    Whom a token proves is nobody who is known by another external id, whatever address or browser
    they share.
    """
    proved = draft.entry.arrival.proved
    for identity, state in known:
        another = proved and state.external_user_id not in {None, proved.external_user_id}
        if not another or identity.kind == EXTERNAL_ID:
            return state
    return None


def _new_customer(draft: Draft) -> CustomerState:
    return CustomerState(id=ids.new(), organization_id=draft.entry.organization_id, fresh=True)


def _note_conflicts(
    batch: Batch, draft: Draft, known: list[tuple[Identity, CustomerState]]
) -> None:
    """Leave an event for each identity that belongs to somebody else: the strongest one won."""
    kept = draft.customer
    assert kept is not None
    for identity, other in known:
        if other.id != kept.id:
            details = {
                "customerId": ids.wire("cus", kept.id),
                "otherCustomerId": ids.wire("cus", other.id),
                "identity": {"kind": identity.kind, "value": identity.value},
            }
            batch.events.append(
                NewEvent(kept.organization_id, "customer.identity_conflict", kept.id, details)
            )


def _answers_another(connection: Connection, draft: Draft) -> bool:
    """Refuse a reply to a message that is not the customer's: a quote would show it to them."""
    message, customer = draft.entry.message, draft.customer
    assert customer is not None
    if message.reply_to_id is None:
        return False
    owner = messages.customer_of(connection, customer.organization_id, message.reply_to_id)
    if owner == customer.id:
        return False
    draft.outcome = BadRequest(fields={"replyToId": ["This customer has no message with this id"]})
    return True


def _describe(draft: Draft, foreign: set[Identity]) -> None:
    """Note what the message tells about its customer; an unproved claim only fills a gap.

    What identifies somebody else, `foreign`, does not describe this customer. Of whom the business
    knows by an id of its own, a browser's word says nothing.
    """
    state, person, visit = draft.customer, draft.entry.message.person, draft.entry.message.visit
    assert state is not None
    if state.external_user_id and not draft.entry.proven:
        return
    told = {
        "display_name": person.display_name or (visit.external_name if visit else None),
        "phone_e164": None if state.phone_e164 else person.phone_e164,
        "email": person.email or (visit.external_email if visit else None),
        "external_user_id": person.external_user_id,
    }
    others = {identity.value for identity in foreign}
    for name, value in told.items():
        if name != "display_name" and value in others:
            continue
        known = getattr(state, name)
        if value and value != known and (known is None or draft.entry.proven):
            setattr(state, name, value)
            state.changed.add(name)
