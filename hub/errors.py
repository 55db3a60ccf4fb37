"""What can go wrong, each with the status it has on the wire.

An error is raised once, anywhere, and rendered once, in `hub.api.problems`. Every one becomes
`{"error": ..., "details"?: ..., "code"?: ..., "requestId": ...}`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

FieldErrors = Mapping[str, Sequence[str]]


class HubError(Exception):
    """Anything the caller is told about: a status, a sentence, perhaps details and a code."""

    status = 500
    text = "Internal error"

    def __init__(
        self,
        text: str | None = None,
        *,
        code: str | None = None,
        fields: FieldErrors | None = None,
        form: Sequence[str] = (),
        retry_after: int | None = None,
    ) -> None:
        """Say what is wrong: `fields` maps paths to sentences, `form` is about the whole."""
        super().__init__(text or self.text)
        self.code = code
        self.fields = fields or {}
        self.form = form
        self.retry_after = retry_after


class BadRequest(HubError):
    """The body or the query does not hold what it should."""

    status = 400
    text = "Validation failed"


class Unauthorized(HubError):
    """No key, or none that lives. The text is the same for every cause."""

    status = 401
    text = "Invalid or revoked API key"


class Forbidden(HubError):
    """The caller is known and may not do this."""

    status = 403
    text = "Forbidden"


class Challenged(Forbidden):
    """The caller has to prove something first, and then sends the same again."""

    def __init__(self, plugin: str, script: str, data: Mapping[str, Any]) -> None:
        """Name the plugin that asks, the script that finds the answer, and what it has to know."""
        super().__init__("Prove that a person writes, and send it again", code="challenge")
        self.plugin = plugin
        self.script = script
        self.data = data


class NotFound(HubError):
    """There is no such thing, or it belongs to somebody else."""

    status = 404
    text = "Not found"


class Timeout(HubError):
    """The body did not arrive in time."""

    status = 408
    text = "The request body did not arrive in time"


class Conflict(HubError):
    """The state of things does not allow it now."""

    status = 409
    text = "Conflict"


class TooLarge(HubError):
    """The body is larger than the endpoint takes."""

    status = 413
    text = "Request body too large"


class UnsupportedMedia(HubError):
    """The body is not declared as JSON."""

    status = 415
    text = "Send the body as application/json"


class RateLimited(HubError):
    """A bucket is empty; `retry_after` seconds from now it is not."""

    status = 429
    text = "Rate limit exceeded"

    def __init__(self, *, limit: int, window_seconds: int, retry_after: int) -> None:
        """Name the bucket's limit and when to come back."""
        super().__init__(retry_after=retry_after)
        self.limit = limit
        self.window_seconds = window_seconds


class Unavailable(HubError):
    """The hub cannot take this now; whether it was stored, a repeat of the same call settles."""

    status = 503
    text = "The hub is busy, try again"

    def __init__(self, text: str | None = None, *, retry_after: int = 1) -> None:
        """Say when to come back, in seconds."""
        super().__init__(text, retry_after=retry_after)


class SettingError(Exception):
    """A setting that stops the start: one line that names it and the cure."""


class CommandError(Exception):
    """A command cannot do what was asked: one line for the terminal."""
