"""What one client may ask of the server, in seconds, bytes and connections."""

import math
import resource

from msgspec import Struct

from hub.settings import Settings

FILES_KEPT = 256
"""Open files that are not connections: databases, logs, figures, what plugins open."""


class Limits(Struct, frozen=True, kw_only=True):
    """The limits of one process."""

    connections: int = 10_000
    per_address: int = 256
    head_seconds: float = 10.0
    """From a request's first byte, or from connecting, to the end of its headers."""
    keep_alive_seconds: float = 5.0
    write_seconds: float = 15.0
    """For each `write_bytes` that a client is behind with reading."""
    write_bytes: int = 16 * 1024
    head_bytes: int = 32 * 1024
    """Of a request's line and headers; and of whatever comes with a body and is none of it."""
    linger_seconds: float = 1.0
    """How long a silent connection is still listened to when the server goes, or was rude to."""
    grace_seconds: float = 8.0
    """For what is under way when the server goes. The usual supervisor kills after ten."""


def of(settings: Settings, files: float = math.inf) -> Limits:
    """Return the limits that are set, within as many open `files` as the process may have."""
    most = settings.hub_connections
    if files < math.inf:
        # However few files there are: a server without connections is none.
        most = min(most, max(int(files) - FILES_KEPT, int(files) // 2))
    return Limits(
        connections=most,
        per_address=settings.hub_connections_per_address,
        head_seconds=settings.hub_header_seconds,
        keep_alive_seconds=settings.hub_keep_alive_seconds,
        write_seconds=settings.hub_write_seconds,
    )


def raise_open_files() -> float:
    """Let this process and those it starts open as many files as the machine allows; return it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (OSError, ValueError):
            # Some systems say "no limit" and refuse it.
            hard = soft
    return math.inf if hard == resource.RLIM_INFINITY else hard
