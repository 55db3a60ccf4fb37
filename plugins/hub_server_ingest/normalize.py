"""A backend's body as a message: the API's own translation."""

from hub.sdk import normalize_server_message as normalize

__all__ = ["normalize"]
