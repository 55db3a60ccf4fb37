"""The old body as a message: the same translation, into the same place."""

from hub.sdk import normalize_server_message as normalize

__all__ = ["normalize"]
