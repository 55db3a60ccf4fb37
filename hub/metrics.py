"""The hub's figures, for Prometheus.

One process keeps them in memory. When `PROMETHEUS_MULTIPROC_DIR` names a folder before this module
is imported, every process of a host keeps them there, and whichever is asked answers for all.
"""

import os

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
    multiprocess,
)

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
CONTENT_TYPE = CONTENT_TYPE_LATEST
_METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"}
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128)

_requests = Counter(
    "hub_requests", "Requests, by route, method and status.", ["route", "method", "status"]
)
_seconds = Histogram(
    "hub_request_seconds", "Seconds from a request to its answer.", ["route"], buckets=_SECONDS
)
_accepted = Counter("hub_messages_accepted", "Messages stored, by channel.", ["channel"])
_refused = Counter("hub_refused", "Requests refused, by reason.", ["reason"])
_batches = Histogram("hub_batch_size", "Messages stored in one transaction.", buckets=_SIZES)


def request(method: str, route: str, status: int, seconds: float) -> None:
    """Count an answered request; `route` is a path's template, never a path."""
    _requests.labels(route, method if method in _METHODS else "other", str(status)).inc()
    _seconds.labels(route).observe(seconds)


def accepted(channel: str, count: int = 1) -> None:
    """Count messages that are stored."""
    _accepted.labels(channel).inc(count)


def refused(reason: str) -> None:
    """Count a request that was refused."""
    _refused.labels(reason).inc()


def batch(size: int) -> None:
    """Note how many messages went into one transaction."""
    _batches.observe(size)


def exposition() -> bytes:
    """Return all figures in Prometheus' text format."""
    if FOLDER not in os.environ:
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)
