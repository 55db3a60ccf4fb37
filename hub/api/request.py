"""The request as our handlers see it: bodies and queries come as Structs."""

from typing import Any, TypeVar
from urllib.parse import parse_qsl
from uuid import UUID

from litestar import Request
from msgspec import Struct

from hub import ids
from hub.api.body import Body
from hub.api.check import check_texts
from hub.api.decode import decode
from hub.api.exchange import call_of
from hub.contracts import MAX_BODY
from hub.errors import BadRequest, NotFound

T = TypeVar("T", bound=Struct)


class HubRequest(Request[Any, Any, Any]):
    """A request whose body and query are read by our one decoder."""

    async def struct(self, type_: type[T]) -> T:
        """Return the JSON body as this Struct; raise the `HubError` that tells what is wrong."""
        return decode(
            type_, await Body(self.scope, self.receive).read(call_of(self.scope), MAX_BODY)
        )

    def filters(self, type_: type[T]) -> T:
        """Return the query as this Struct; raise `BadRequest` that names all bad parameters."""
        return read_query(type_, self.scope["query_string"])


def read_query(type_: type[T], query: bytes) -> T:
    """Return a query string as this Struct; of a repeated parameter the last one counts."""
    texts = dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True))
    try:
        return check_texts(type_, texts)
    except BadRequest as error:
        # A plus that is sent as it is means a space; where that cannot be meant it is a plus.
        mended = {name: texts[name].replace(" ", "+") for name in error.fields if name in texts}
        return check_texts(type_, texts | mended)


def named(kind: ids.Kind, text: str) -> UUID:
    """Return the id that a path names; what cannot be one is 404 like what is not there."""
    found = ids.parse(kind, text)
    if found is None:
        raise NotFound
    return found
