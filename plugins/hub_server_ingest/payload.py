"""What a backend sends: the API's own message body."""

from hub.sdk import ServerMessage

__all__ = ["ServerMessage"]
