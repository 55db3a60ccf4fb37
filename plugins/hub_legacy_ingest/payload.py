"""What an old caller sends: the same body as on `/messages`."""

from hub.sdk import ServerMessage

__all__ = ["ServerMessage"]
