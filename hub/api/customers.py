"""`/customers`: find, read, find or create."""

from typing import Any, ClassVar

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import Struct
from msgspec.structs import asdict

from hub.api import mapping
from hub.api.guards import server_key
from hub.api.objects import Customer, Page
from hub.api.queries import CustomerQuery
from hub.api.request import HubRequest, named
from hub.contracts import Caller, Person
from hub.fields import Email320, Id255, Name200, Phone
from hub.services.hub import Hub

TAGS = ["Customers"]


class CustomerToSave(Struct, frozen=True, kw_only=True, rename="camel"):
    """Who the customer is, by at least one identity, and what to note about it."""

    at_least_one: ClassVar[tuple[str, ...]] = ("phoneE164", "email", "externalUserId")

    phone_e164: Phone | None = None
    email: Email320 | None = None
    external_user_id: Id255 | None = None
    display_name: Name200 | None = None
    attributes: dict[str, Any] = {}
    """Added to those that are known, over those of the same name."""

    @property
    def person(self) -> Person:
        """Return who it is."""
        return Person(
            phone_e164=self.phone_e164,
            email=self.email or None,
            external_user_id=self.external_user_id,
            display_name=self.display_name or None,
        )


class SavedCustomer(Customer, frozen=True, kw_only=True, rename="camel"):
    """The customer as it is now."""

    ok: bool = True
    created: bool
    """False when it was there already."""


@get(
    "/customers",
    guards=[server_key],
    operation_id="listCustomers",
    summary="List or find customers",
    tags=TAGS,
    opt={"query": CustomerQuery},
)
async def list_customers(
    request: HubRequest, hub: NamedDependency[Hub], caller: NamedDependency[Caller]
) -> Page[Customer]:
    """Customers, newest first.

    An identity finds the customer that it was proved for; a phone number in any of its writings.
    What nobody is found for is an empty list.
    """
    query = request.filters(CustomerQuery)
    found = await hub.customers.all(caller.organization_id, query.paging, query.person, query.q)
    return mapping.page(found, mapping.customer)


@get(
    "/customers/{customer_id:str}",
    guards=[server_key],
    operation_id="getCustomer",
    summary="Get a customer",
    tags=TAGS,
)
async def get_customer(
    customer_id: FromPath[str], hub: NamedDependency[Hub], caller: NamedDependency[Caller]
) -> Customer:
    """One customer."""
    found = await hub.customers.get(caller.organization_id, named("cus", customer_id))
    return mapping.customer(found)


@post(
    "/customers",
    guards=[server_key],
    status_code=200,
    operation_id="saveCustomer",
    summary="Find or create a customer",
    tags=TAGS,
    opt={"body": CustomerToSave},
)
async def save_customer(
    request: HubRequest, hub: NamedDependency[Hub], caller: NamedDependency[Caller]
) -> SavedCustomer:
    """Find the customer of these identities, or create it, and note what is told about it.

    Identities that belong to two customers merge nobody: the strongest decides (phone, then
    external id, then e-mail) and an event `customer.identity_conflict` is left.
    """
    body = await request.struct(CustomerToSave)
    saved = await hub.customers.save(caller, body.person, body.attributes)
    return SavedCustomer(**asdict(mapping.customer(saved.customer)), created=saved.created)
