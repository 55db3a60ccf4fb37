"""The one shape of every error, and the one place where it is written.

`{"error", "code"?, "challenge"?, "details"?, "limit"?, "windowSeconds"?, "requestId"?,
"support"?}`: `details` holds `fieldErrors` and `formErrors`, `limit` and `windowSeconds` come with
429, `support` with 500, `challenge` with the 403 that asks for a proof.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException
from msgspec import UNSET, Struct, UnsetType

from hub import metrics
from hub.errors import BadRequest, Challenged, HubError, NotFound, RateLimited, TooLarge

BAD_REQUEST, UNAUTHORIZED, NOT_FOUND, NOT_ALLOWED, TIMEOUT, TOO_LARGE = 400, 401, 404, 405, 408, 413
INTERNAL = 500
JSON = "application/json"

log = structlog.get_logger(__name__)

Rendered = tuple[int, dict[str, str], bytes]
Handler = Callable[[Request[Any, Any, Any], Exception], Response[bytes]]


class Details(Struct, frozen=True, rename="camel"):
    """What is wrong with a body or a query."""

    field_errors: Mapping[str, Sequence[str]]
    """By the field's path, like `customer.phoneE164`."""
    form_errors: Sequence[str]
    """About the whole."""


class Challenge(Struct, frozen=True):
    """A proof that has to come with the same call, as `X-Challenge`."""

    plugin: str
    script: str
    """The path of a module; its default export makes the header's value of `data`."""
    data: Mapping[str, Any]


class Problem(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What every answer that is not a success holds."""

    error: str
    code: str | UnsetType = UNSET
    challenge: Challenge | UnsetType = UNSET
    details: Details | UnsetType = UNSET
    limit: int | UnsetType = UNSET
    window_seconds: int | UnsetType = UNSET
    request_id: str | UnsetType = UNSET
    support: str | UnsetType = UNSET


def render(error: Exception, request_id: str | None, support: str | None = None) -> Rendered:
    """Return an error's status, headers and body. Whatever is not ours to tell is a 500."""
    known = error if isinstance(error, HubError) else _in_our_words(error)
    if known is None or known.status == INTERNAL:
        problem = Problem(
            error=HubError.text, request_id=request_id or UNSET, support=support or UNSET
        )
        return INTERNAL, {"content-type": JSON}, msgspec.json.encode(problem)
    return known.status, _headers(known, error), msgspec.json.encode(_problem(known, request_id))


def tell(error: Exception, request_id: str | None, support: str | None) -> Rendered:
    """Render an error that ends a request, count it, and log it when it is ours."""
    rendered = render(error, request_id, support)
    metrics.refused(_reason(error))
    if rendered[0] == INTERNAL:
        log.error("request_failed", exc_info=error)
    return rendered


def handlers(support: str | None) -> dict[int | type[Exception], Handler]:
    """Return Litestar's `exception_handlers`: everything that is raised is rendered here."""

    def answer(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
        status, headers, body = tell(error, request_id(request.scope), support)
        media_type = headers.pop("content-type")
        return Response(body, status_code=status, headers=headers, media_type=media_type)

    return {HubError: answer, HTTPException: answer, Exception: answer}


def request_id(scope: Mapping[str, Any]) -> str | None:
    """Return the id that the edge gave this request."""
    known: str | None = scope.get("state", {}).get("hub_request_id")
    return known


class _Told(HubError):
    """What Litestar has to say, with its status."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def _in_our_words(error: Exception) -> HubError | None:
    if not isinstance(error, HTTPException):
        return None
    if error.status_code == BAD_REQUEST:
        return BadRequest(**_parameters(error.extra))
    if error.status_code == NOT_ALLOWED:
        return _Told(NOT_ALLOWED, "Method not allowed")
    ours = {NOT_FOUND: NotFound, TOO_LARGE: TooLarge}.get(error.status_code)
    return ours() if ours else _Told(error.status_code, error.detail)


def _parameters(extra: Any) -> dict[str, Any]:
    """Return what Litestar found wrong with the parameters of a path or a query."""
    told = extra if isinstance(extra, list) else []
    fields: dict[str, list[str]] = {}
    for item in told:
        if item.get("key"):
            fields.setdefault(item["key"], []).append(item["message"])
    return {"fields": fields, "form": [item["message"] for item in told if not item.get("key")]}


def _reason(error: Exception) -> str:
    """Return a short stable name: the error's code, else its kind."""
    code = getattr(error, "code", None)
    return code or re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(error).__name__).lower()


def _problem(error: HubError, request_id: str | None) -> Problem:
    limited = error if isinstance(error, RateLimited) else None
    return Problem(
        error=str(error),
        code=error.code or UNSET,
        challenge=_challenge(error),
        details=Details(error.fields, error.form) if error.fields or error.form else UNSET,
        limit=limited.limit if limited else UNSET,
        window_seconds=limited.window_seconds if limited else UNSET,
        request_id=request_id or UNSET,
    )


def _challenge(error: HubError) -> Challenge | UnsetType:
    if isinstance(error, Challenged):
        return Challenge(error.plugin, error.script, error.data)
    return UNSET


def _headers(error: HubError, raised: Exception) -> dict[str, str]:
    headers = {}
    if error.retry_after is not None:
        headers["retry-after"] = str(error.retry_after)
    if error.status == UNAUTHORIZED:
        headers["www-authenticate"] = "Bearer"
    if error.status == TIMEOUT:
        # Who trickles a body would go on with it, and nobody listens any more.
        headers["connection"] = "close"
    if isinstance(raised, HTTPException):
        headers |= {name.lower(): value for name, value in (raised.headers or {}).items()}
    # At the end, where Litestar puts it: one order whichever way an answer goes.
    return {**headers, "content-type": JSON}
