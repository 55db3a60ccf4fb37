"""What the API reference documents about the bodies of answers."""

from typing import Any

DOCUMENTED = frozenset(
    {
        *("ok", "duplicate", "id", "customerId", "sessionId", "visitorId"),
        *("error", "details", "limit", "windowSeconds"),
    }
)


def documented(body: dict[str, Any]) -> dict[str, Any]:
    """Return the part of an answer that the reference knows, for exact comparison.

    What is left out is counted in `test_additions`.
    """
    return {name: value for name, value in body.items() if name in DOCUMENTED}
