"""The hub's figures, for Prometheus.

One process keeps them in memory. When `PROMETHEUS_MULTIPROC_DIR` names a folder before this module
is imported, every process of a host keeps them there, and whichever is asked answers for all.
"""

import os
from functools import cache
from pathlib import Path

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
)

from hub import prefork

FOLDER = prefork.FIGURES
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
_parts = Gauge(
    "hub_part_up", "1 while a part answers, else 0.", ["part"], multiprocess_mode="livemin"
)
_opened = Counter("hub_breaker_opens", "How often a part was given up for a while.", ["part"])
_waiting = Gauge(
    "hub_messages_waiting", "Messages that wait to be stored.", multiprocess_mode="livesum"
)
_storage = Gauge(
    "hub_storage_free_bytes",
    "Bytes that are free on the disk of the embedded database.",
    ["store"],
    multiprocess_mode="livemin",
)
_tasks = Gauge("hub_tasks", "Tasks in the event loops.", multiprocess_mode="livesum")
_connections = Gauge("hub_connections", "Open connections.", multiprocess_mode="livesum")
_streams = Gauge("hub_streams", "Open streams.", multiprocess_mode="livesum")
_deliveries = Counter("hub_deliveries", "Attempts to deliver an event, by outcome.", ["outcome"])
_delivery_seconds = Histogram(
    "hub_delivery_seconds", "Seconds that a receiver took to answer.", buckets=_SECONDS
)
_cut = Counter("hub_connections_cut", "Connections refused or cut off, by reason.", ["reason"])


def request(method: str, route: str, status: int, seconds: float) -> None:
    """Count an answered request; `route` is a path's template, never a path."""
    count, timer = _of(method if method in _METHODS else "other", route, status)
    count.inc()
    timer.observe(seconds)


@cache
def _of(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    return _requests.labels(route, method, str(status)), _seconds.labels(route)


def accepted(channel: str, count: int = 1) -> None:
    """Count messages that are stored."""
    _accepted.labels(channel).inc(count)


def refused(reason: str) -> None:
    """Count a request that was refused."""
    _refused.labels(reason).inc()


def streams(count: int) -> None:
    """Note how many streams this process has open."""
    _streams.set(count)


def delivery(*, arrived: bool, seconds: float) -> None:
    """Count an attempt to deliver an event, and what the receiver took for its answer."""
    _deliveries.labels("arrived" if arrived else "failed").inc()
    _delivery_seconds.observe(seconds)


def connections(count: int) -> None:
    """Note how many connections this process has open."""
    _connections.set(count)


def cut(reason: str) -> None:
    """Count a connection that was refused or cut off."""
    _cut.labels(reason).inc()


def batch(size: int) -> None:
    """Note how many messages went into one transaction."""
    _batches.observe(size)


def part(name: str, *, up: bool) -> None:
    """Note whether a part (`database`, `redis`) answers this process."""
    _parts.labels(name).set(up)


def breaker_opened(name: str) -> None:
    """Count that a part was given up for a while."""
    _opened.labels(name).inc()


def process(*, waiting: int, tasks: int) -> None:
    """Note how many messages wait in this process, and how many tasks its loop has."""
    _waiting.set(waiting)
    _tasks.set(tasks)


def storage_free(size: int) -> None:
    """Note how many bytes are free where the embedded database is."""
    _storage.labels("sqlite").set(size)


def exposition() -> bytes:
    """Return all figures in Prometheus' text format."""
    if FOLDER not in os.environ:
        return generate_latest(REGISTRY)
    _forget_the_dead(Path(os.environ[FOLDER]))
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


def _forget_the_dead(folder: Path) -> None:
    """Let what a process has at the moment (its gauges) go with the process."""
    for file in folder.glob("gauge_live*_*.db"):
        pid = file.stem.rpartition("_")[2]
        if pid.isdecimal() and not prefork.runs(int(pid)):
            file.unlink(missing_ok=True)
