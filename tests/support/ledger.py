"""The ledger: what was attempted and what was answered, compared with what is there afterwards.

The book-keeping of Jepsen's set checker: an attempt is written down before it is sent, its outcome
when it is known. What was answered has to be there; what was not may be, but never twice.
"""

from collections import Counter
from collections.abc import Iterable
from hashlib import sha256

from msgspec import Struct


class Found(Struct, frozen=True):
    """A message as it was read back."""

    name: str
    """Its `providerMessageId`."""
    message_id: str
    body: str


class Verdict(Struct, frozen=True):
    """What is wrong with what was read back; all of it empty is a pass."""

    lost: frozenset[str]
    """Answered, and not there."""
    phantom: frozenset[str]
    """There, and never attempted."""
    doubled: frozenset[str]
    """There more than once."""
    altered: frozenset[str]
    """There with another body."""
    drifted: frozenset[str]
    """Answered or found under more than one id."""

    @property
    def clean(self) -> bool:
        """Tell whether nothing is wrong."""
        return not any(getattr(self, name) for name in self.__struct_fields__)


class Ledger:
    """One run's attempts and answers; it lives outside of what is killed."""

    def __init__(self) -> None:
        """Begin with an empty book."""
        self._attempted: dict[str, bytes] = {}
        self._ids: dict[str, set[str]] = {}

    @property
    def answered(self) -> int:
        """Return how many messages were acknowledged."""
        return len(self._ids)

    def attempt(self, name: str, body: str) -> None:
        """Write down what is going to be sent; sending again says the same."""
        self._attempted[name] = _digest(body)

    def answer(self, name: str, message_id: str) -> None:
        """Write down that the message was acknowledged under this id."""
        self._ids.setdefault(name, set()).add(message_id)

    def judge(self, found: Iterable[Found]) -> Verdict:
        """Compare the book with everything that is there."""
        there = list(found)
        times = Counter(item.name for item in there)
        ids = {name: set(known) for name, known in self._ids.items()}
        for item in there:
            ids.setdefault(item.name, set()).add(item.message_id)
        return Verdict(
            lost=frozenset(self._ids) - frozenset(times),
            phantom=frozenset(times) - frozenset(self._attempted),
            doubled=frozenset(name for name, number in times.items() if number > 1),
            altered=frozenset(item.name for item in there if self._differs(item)),
            drifted=frozenset(name for name, known in ids.items() if len(known) > 1),
        )

    def _differs(self, item: Found) -> bool:
        sent = self._attempted.get(item.name)
        return sent is not None and sent != _digest(item.body)


def _digest(body: str) -> bytes:
    return sha256(body.encode()).digest()
