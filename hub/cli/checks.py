"""What `clonvo doctor` looks at, one function a subject. None of them changes anything."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct

from hub.cli.desk import Desk
from hub.errors import SettingError
from hub.sealing import SHORTEST_GOOD, open_sealer, secret_file
from hub.settings import Settings, config_file, load
from hub.store import schema
from hub.store.admin import connections, inspection
from hub.store.database import Database
from hub.store.opening import open_database

REDIS_SECONDS = 2.0
CLOCK_WARN, CLOCK_FAIL = timedelta(seconds=1), timedelta(seconds=30)
FREE_BYTES = 1_000_000_000
OLD_GEO = timedelta(days=90)


class Finding(Struct, frozen=True):
    """What one check found, and what to do about it."""

    name: str
    state: Literal["ok", "warn", "fail"]
    text: str
    cure: str | None = None

    def document(self) -> dict[str, Any]:
        """Return the form that `--json` prints."""
        return {"name": self.name, "state": self.state, "text": self.text, "cure": self.cure}


async def examine() -> list[Finding]:
    """Check everything that can be checked; wrong settings end it early."""
    try:
        settings = load()
    except SettingError as error:
        return [Finding("settings", "fail", str(error), "mend that line and run this again")]
    findings = [_settings(settings), *_address(settings), *_logs(settings), *_geo(settings)]
    findings += [finding async for finding in _database(settings)]
    findings += [finding async for finding in _redis(settings)]
    return [*findings, *_plugins(settings)]


def _settings(settings: Settings) -> Finding:
    file = config_file()
    names = {name.upper() for name in settings.__struct_fields__} | {"HUB_PLUGINS"}
    variables = sorted(names & set(os.environ))
    sources = [str(file)] if file else []
    sources += [", ".join(variables)] if variables else []
    return Finding("settings", "ok", f"from {' and '.join(sources)}" if sources else "all default")


def _address(settings: Settings) -> Iterator[Finding]:
    if settings.hub_base_url is None and settings.embedded:
        yield Finding("address", "ok", "no public address is set: this machine alone uses the hub")
    elif settings.hub_base_url is None:
        cure = "set HUB_BASE_URL=https://... to what others use"
        yield Finding("address", "warn", "no public address is set", cure)
    elif is_public(settings) or "//localhost" in settings.hub_base_url:
        yield Finding("address", "ok", settings.hub_base_url)
    else:
        cure = "put TLS in front: browsers refuse the dashboard's cookie over plain http"
        yield Finding("address", "warn", settings.hub_base_url, cure)


def _logs(settings: Settings) -> Iterator[Finding]:
    if settings.log_dir is None:
        return
    folder = Path(settings.log_dir)
    if folder.is_dir() and os.access(folder, os.W_OK):
        yield Finding("logs", "ok", f"daily files in {folder}")
    elif folder.exists():
        yield Finding("logs", "fail", f"cannot write to {folder}", "mend its owner or its mode")
    else:
        yield Finding("logs", "ok", f"{folder} will be made at the start")


def _geo(settings: Settings) -> Iterator[Finding]:
    if settings.geo_database is None:
        yield Finding("geo", "ok", "no database: country and city stay empty")
        return
    import maxminddb

    try:
        with maxminddb.open_database(settings.geo_database) as reader:
            built = datetime.fromtimestamp(reader.metadata().build_epoch, UTC)
            kind = reader.metadata().database_type
    except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
        cure = "name a MaxMind-format file in GEO_DATABASE, or leave it out"
        yield Finding("geo", "fail", f"cannot read {settings.geo_database}: {error}", cure)
        return
    old = datetime.now(UTC) - built > OLD_GEO
    cure_old = "get a newer file: addresses move" if old else None
    yield Finding("geo", "warn" if old else "ok", f"{kind} of {built:%Y-%m-%d}", cure_old)


async def _database(settings: Settings) -> AsyncIterator[Finding]:
    if settings.embedded and not settings.database_file.exists():
        yield Finding("database", "ok", f"{settings.database_file} is made at the first start")
        return
    database = open_database(settings)
    try:
        await schema.version(database)
        found = await database.read(inspection.inspect)
    except Exception as error:  # noqa: BLE001 - whatever ails it is an answer here
        cure = "is it running and whole, and is DATABASE_URL right?"
        yield Finding("database", "fail", _first_line(error), cure)
    else:
        for finding in (*_durable(settings, found), *_clock("database", found.clock)):
            yield finding
        for check in (_schema, _secret, _origins):
            yield await check(settings, database)
    finally:
        await database.close()


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0].removeprefix("database_url: ") or type(error).__name__


def _durable(settings: Settings, found: inspection.Inspection) -> Iterator[Finding]:
    if found.not_durable:
        values = ", ".join(f"{name}={value}" for name, value in found.not_durable.items())
        cure = "a crash of the server can lose acknowledged messages: set it back to its default"
        yield Finding("database", "fail", f"{found.version}, {values}", cure)
    elif found.is_local:
        cure = "the loss of its host can lose what a synchronous standby should have: set it to on"
        yield Finding("database", "warn", f"{found.version}, synchronous_commit=local", cure)
    else:
        yield Finding("database", "ok", f"{found.version}, every commit is on disk")
    if found.waiting:
        text = f"commits that wait for a synchronous standby: {found.waiting}"
        cure = "nothing is stored meanwhile: bring it back, or go on without it (docs/outages.md)"
        yield Finding("standby", "fail", text, cure)
    if settings.embedded:
        status = os.statvfs(settings.database_file.parent)
        free = status.f_bavail * status.f_frsize
        text = f"{free / 1e9:.1f} GB free beside {settings.database_file}"
        room = None if free > FREE_BYTES else "make room: a full disk refuses every message"
        yield Finding("disk", "warn" if room else "ok", text, room)


def _clock(of: str, theirs: datetime | None) -> Iterator[Finding]:
    if theirs is None:
        return
    apart = abs(datetime.now(UTC) - theirs)
    cure = "let both hosts follow the same time server (NTP)" if apart > CLOCK_WARN else None
    state: Literal["ok", "warn", "fail"] = "warn" if cure else "ok"
    if apart > CLOCK_FAIL:
        state = "fail"
    yield Finding("clock", state, f"{apart.total_seconds():.2f} s apart from the {of}'s", cure)


async def _schema(settings: Settings, database: Database) -> Finding:
    found = await schema.version(database)
    if found == schema.HEAD:
        return Finding("schema", "ok", found)
    if settings.embedded and (found is None or found < schema.HEAD):
        text = f"{found or 'empty'}; the next start brings it to {schema.HEAD}"
        return Finding("schema", "ok", text)
    try:
        await schema.check(database)
    except SettingError as error:
        text, _, cure = str(error).removeprefix("database_url: ").rpartition(": ")
        return Finding("schema", "fail", text, cure)
    return Finding("schema", "ok", schema.HEAD)


async def _secret(settings: Settings, database: Database) -> Finding:
    file = secret_file(settings.database_file)
    if settings.embedded and not settings.hub_secret and not file.exists():
        return Finding("secret", "ok", f"{file} is made at the first start")
    try:
        sealer = open_sealer(settings)
        if await schema.version(database) == schema.HEAD:
            sealed = await database.read(connections.any_sealed)
            if sealed is not None:
                sealer.unseal(sealed)
    except SettingError as error:
        text, _, cure = str(error).partition(": ")[2].partition("; ")
        return Finding("secret", "fail", text, cure or "set HUB_SECRET to the one of before")
    if settings.hub_secret and len(settings.hub_secret) < SHORTEST_GOOD:
        cure = "a long random one is safer: openssl rand -hex 32 (secrets at rest are lost by it)"
        return Finding("secret", "warn", f"{len(settings.hub_secret)} characters", cure)
    return Finding("secret", "ok", "from HUB_SECRET" if settings.hub_secret else f"in {file}")


async def _origins(settings: Settings, database: Database) -> Finding:
    found = await schema.version(database)
    if found != schema.HEAD:
        return Finding("origins", "ok", "not looked at in this schema" if found else "no keys yet")
    desk, now = Desk(settings, database), datetime.now(UTC)
    local, origins = [], set()
    for business in await desk.organizations.all():
        for key in await desk.keys.all(business.id):
            if key.lives(now):
                origins |= set(key.allowed_origins)
                local += [o for o in key.allowed_origins if o.startswith("http://localhost")]
    if local and is_public(settings):
        cure = "anyone may run a page there: use other keys for development"
        text = f"{len(local)} of live widget keys name http://localhost"
        return Finding("origins", "warn", text, cure)
    return Finding("origins", "ok", f"{len(origins)} of live widget keys")


def is_public(settings: Settings) -> bool:
    """Tell whether this hub is in production: others reach it, over TLS."""
    return (settings.hub_base_url or "").startswith("https://")


async def _redis(settings: Settings) -> AsyncIterator[Finding]:
    if settings.redis_url is None:
        if settings.embedded:
            yield Finding("redis", "ok", "not needed by one process")
        else:
            cure = "set REDIS_URL when more than one process serves"
            yield Finding("redis", "warn", "none: each process counts its own limits", cure)
        return
    from redis import asyncio as aioredis
    from redis.exceptions import RedisError

    client = aioredis.from_url(settings.redis_url, socket_timeout=REDIS_SECONDS)
    try:
        async with asyncio.timeout(REDIS_SECONDS):
            began = time.time()
            seconds, microseconds = await client.time()
            took = time.time() - began
            facts = await client.info()
    except (RedisError, OSError, TimeoutError) as error:
        cure = "is it running? Until then each process counts its share of the limits"
        yield Finding("redis", "fail", f"does not answer: {type(error).__name__}", cure)
        return
    finally:
        await client.aclose()
    for finding in _redis_facts(facts):
        yield finding
    theirs = datetime.fromtimestamp(seconds + microseconds / 1e6 + took / 2, UTC)
    for finding in _clock("Redis", theirs):
        yield finding


def _redis_facts(facts: dict[str, Any]) -> Iterator[Finding]:
    text, policy = f"Redis {facts.get('redis_version')}", facts.get("maxmemory_policy")
    if facts.get("maxmemory") and policy not in {None, "noeviction"}:
        cure = "set maxmemory-policy noeviction: an evicted counter is a limit forgotten"
        yield Finding("redis", "warn", f"{text}, {policy}", cure)
    else:
        yield Finding("redis", "ok", text)


def _plugins(settings: Settings) -> Iterator[Finding]:
    from hub.cli.plugins import load_alone
    from hub.hooks import installed

    good = []
    for name in settings.plugins:
        try:
            load_alone(name, settings)
            good.append(name)
        except SettingError as error:
            cure = "mend or remove it, or take it out of the setting `plugins`"
            yield Finding(f"plugin {name}", "fail", str(error).removeprefix("plugins: "), cure)
    yield Finding("plugins", "ok", ", ".join(good) or "none is on")
    strangers = sorted(set(settings.plugin_settings) - set(installed()))
    for name in strangers:
        text = f"[plugin.{name}] is for no plugin that is installed"
        yield Finding(f"plugin {name}", "warn", text, "take the table out, or install the plugin")
