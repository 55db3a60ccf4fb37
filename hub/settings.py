"""Every setting: its name, its type, its default. `config/hub.toml` documents them.

Read from `hub.toml` (the file named by `HUB_CONFIG`, else `config/hub.toml` if there is one), then
from environment variables, whose names are those of the fields in capitals. An unknown or
ill-typed setting stops the start with one line that names it. No line repeats a value that may
hold a password.
"""

import ipaddress
import os
import re
import tomllib
from collections.abc import Collection, Mapping
from importlib.metadata import distribution
from pathlib import Path
from typing import Annotated, Any, TypeVar
from urllib.parse import SplitResult, urlsplit

import msgspec
from msgspec import Meta, Struct, field

from hub.errors import SettingError

Own = TypeVar("Own", bound=Struct)
Rate = Annotated[int, Meta(ge=1, le=1_000_000)]
Count = Annotated[int, Meta(ge=1, le=1_000_000)]
Seconds = Annotated[float, Meta(ge=1, le=3600)]
_POINTS = distribution("clonvo-hub").entry_points
OPTIONAL = tuple(point.name for point in _POINTS.select(group="hub.plugins.optional"))
"""The plugins of our own distribution that are off until they are named."""
BUNDLED = tuple(
    point.name for point in _POINTS.select(group="hub.plugins") if point.name not in OPTIONAL
)
"""The others of them, which are on; the core knows them by these lists alone."""
LEVELS = ("debug", "info", "warning", "error")

_LISTS = {"plugins", "trusted_proxies", "webhook_allow_subnets"}
# Variables that begin like ours are ours, or a typing error.
_OURS = ("HUB_", "INGEST_", "WIDGET_", "WEBHOOK_ALLOW_", "WHATSAPP_GRAPH_")
# Ours, and read elsewhere.
_FOREIGN = {"HUB_CONFIG", "HUB_TRACE_HOOKS", "HUB_PROCESSES", "HUB_HANDOVER", "HUB_REHEARSAL"}
_TESTS = "HUB_TEST_"
_ELSEWHERE = "no such setting; config/hub.toml lists them all"
_POSTGRES = "postgresql+asyncpg"


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All settings of one process."""

    plugins: tuple[str, ...] = BUNDLED

    database_url: str = "sqlite:///data/hub.db"
    redis_url: str | None = None
    hub_secret: str | None = None

    hub_base_url: str | None = None
    trusted_proxies: tuple[str, ...] = ()
    support_email: str | None = None

    hub_connections: Count = 10_000
    hub_connections_per_address: Count = 256
    hub_header_seconds: Seconds = 10.0
    hub_keep_alive_seconds: Seconds = 5.0
    hub_write_seconds: Seconds = 15.0

    ingest_rate_per_min: Rate = 60
    widget_rate_per_min: Rate = 30
    widget_network_rate_per_min: Rate = 120
    widget_key_rate_per_min: Rate = 1200
    widget_stream_rate_per_min: Rate = 60
    widget_event_rate_per_min: Rate = 240
    widget_new_visitors_per_min: Rate = 60
    widget_key_new_visitors_per_min: Rate = 600
    read_rate_per_min: Rate = 120
    failed_keys_per_min: Rate = 60

    log_dir: str | None = None
    log_level: str = "info"

    webhook_allow_http: bool = False
    webhook_allow_subnets: tuple[str, ...] = ()
    whatsapp_graph_base_url: str = "https://graph.facebook.com"
    geo_database: str | None = None
    smtp_url: str | None = None

    plugin_settings: dict[str, Any] = field(default_factory=dict, name="plugin")

    @property
    def embedded(self) -> bool:
        """Tell whether the hub keeps its data in one SQLite file."""
        return self.database_url.startswith("sqlite")

    @property
    def database_file(self) -> Path:
        """Return the SQLite file of the embedded default, by its own name.

        What belongs to it lies beside it: whoever comes by a link has to find the same locks.
        """
        file = Path(self.database_url.removeprefix("sqlite:///"))
        return Path(os.path.realpath(file)) if file.is_symlink() else file

    def of(self, plugin: str, type_: type[Own]) -> Own:
        """Return a plugin's own settings, the table `[plugin.<name>]`, as its Struct."""
        try:
            return msgspec.convert(self.plugin_settings.get(plugin, {}), type_, strict=False)
        except msgspec.ValidationError as error:
            raise SettingError(_readable(error, f"plugin.{plugin}")) from error


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read file and environment; raise `SettingError` for the first setting that is wrong."""
    environ = os.environ if environ is None else environ
    values = _from_file(environ) | _from_environment(environ)
    try:
        settings = msgspec.convert(values, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise SettingError(_readable(error)) from error
    _check(settings)
    return settings


def config_file(environ: Mapping[str, str] | None = None) -> Path | None:
    """Return the file that settings are read from; None when there is none."""
    named = (os.environ if environ is None else environ).get("HUB_CONFIG")
    path = Path(named or "config/hub.toml")
    return path if named or path.exists() else None


def _from_file(environ: Mapping[str, str]) -> dict[str, Any]:
    path = config_file(environ)
    if path is None:
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingError(f"HUB_CONFIG: cannot read {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingError(f"{path}: not valid TOML: {error}") from error


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    names = {name.upper(): name for name in Settings.__struct_fields__ if name != "plugin_settings"}
    # A bare PLUGINS would be anybody's.
    names["HUB_PLUGINS"] = names.pop("PLUGINS")
    for variable, text in environ.items():
        name = names.get(variable)
        if name in _LISTS:
            values[name] = [part.strip() for part in text.split(",") if part.strip()]
        elif name and text.strip():
            values[name] = text.strip()
        elif name is None and _is_mistaken(variable):
            raise SettingError(f"{variable}: {_ELSEWHERE}")
    return values


def _is_mistaken(variable: str) -> bool:
    known = variable in _FOREIGN or variable.startswith(_TESTS)
    return variable.startswith(_OURS) and not known


def _readable(error: msgspec.ValidationError, table: str = "") -> str:
    reason, _, path = str(error).partition(" - at `$")
    place = ".".join(filter(None, (table, path.rstrip("`").lstrip("."))))
    unknown = re.search(r"unknown field `(.+?)`", reason)
    if unknown:
        return f"{'.'.join(filter(None, (place, unknown[1])))}: {_ELSEWHERE}"
    return f"{place or 'settings'}: {reason[:1].lower()}{reason[1:]}"


def _check(settings: Settings) -> None:
    _check_database(settings.database_url)
    if settings.redis_url:
        _check_url("redis_url", settings.redis_url, {"redis", "rediss", "unix"})
    if settings.hub_base_url:
        base = _check_url("hub_base_url", settings.hub_base_url, {"http", "https"})
        if base.path.strip("/") or base.query or base.fragment or base.username:
            raise SettingError("hub_base_url: leave out everything after the host and port")
    _check_url("whatsapp_graph_base_url", settings.whatsapp_graph_base_url, {"http", "https"})
    if settings.smtp_url:
        _check_url("smtp_url", settings.smtp_url, {"smtp", "smtps"})
    if settings.log_level.lower() not in LEVELS:
        raise SettingError(f"log_level: use {', '.join(LEVELS)}")
    if len(set(settings.plugins)) != len(settings.plugins):
        raise SettingError("plugins: a name stands there twice")
    for name in ("trusted_proxies", "webhook_allow_subnets"):
        for network in getattr(settings, name):
            _check_network(name, network)


def _check_database(url: str) -> None:
    forms = f"use sqlite:///FILE or {_POSTGRES}://USER:PASSWORD@HOST/DATABASE"
    if url.startswith("sqlite"):
        file = url.removeprefix("sqlite:///")
        if file == url or not file or file.startswith(":") or "?" in file:
            raise SettingError("database_url: use sqlite:///FILE (four slashes when absolute)")
        return
    parts = _split("database_url", url)
    if parts.scheme in {"postgres", "postgresql"}:
        raise SettingError(f"database_url: write {_POSTGRES}:// in place of {parts.scheme}://")
    if parts.scheme != _POSTGRES or not parts.path.strip("/"):
        raise SettingError(f"database_url: {forms}")


def _check_url(name: str, url: str, schemes: Collection[str]) -> SplitResult:
    parts = _split(name, url)
    if parts.scheme not in schemes or not (parts.hostname or parts.scheme == "unix"):
        raise SettingError(f"{name}: use {', '.join(f'{s}://...' for s in sorted(schemes))}")
    return parts


def _split(name: str, url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise SettingError(f"{name}: not a URL, or its port is not a number") from error
    return parts


def _check_network(name: str, network: str) -> None:
    try:
        ipaddress.ip_network(network, strict=False)
    except ValueError as error:
        raise SettingError(f"{name}: {network!r} is not a network like 10.0.0.0/8") from error
