"""`clonvo` with a hub that takes messages and keeps none.

    python -m tests.bench.decoding serve

Everything before and after `Hub.accept` is as shipped: key, limit, reading, decoding, normalizing,
the reply, headers, log and figures. What a row of this adds to `message` is nothing, and looked at.
"""

from collections.abc import Sequence

from hub import ids
from hub.cli import main
from hub.contracts import Accepted, Arrival, Message, StatusChange
from hub.services.hub import Hub

_PLACE = Accepted(
    message_id=ids.new(),
    customer_id=ids.new(),
    conversation_id=ids.new(),
    session_id=ids.new(),
    visitor_id="v_q5kqdr3lmb2yyr5o3ysh7knd",
    status="received",
)


async def _answer(
    _hub: Hub, entries: Sequence[Message | StatusChange], _arrival: Arrival
) -> list[Accepted | None]:
    return [_PLACE for _ in entries]


if __name__ == "__main__":
    Hub.accept = _answer
    main()
