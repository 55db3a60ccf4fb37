"""Every setting: its name, its type, its default. `config/hub.toml` documents them.

Read from `hub.toml` (the file named by `HUB_CONFIG`, else `config/hub.toml` if there is one), then
from environment variables, whose names are those of the fields in capitals. An unknown or
ill-typed setting stops the start with one line that names it.
"""

import ipaddress
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta, Struct, field

from hub.errors import SettingError

Rate = Annotated[int, Meta(ge=1, le=1_000_000)]
BUNDLED = ("server_ingest", "widget", "legacy_ingest", "whatsapp")
_LISTS = {"plugins", "trusted_proxies", "webhook_allow_subnets"}
# What a variable of our environment could be called besides a setting.
_FOREIGN = {"HUB_CONFIG", "HUB_TRACE_HOOKS", "HUB_WORKER_ID"}


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All settings of one process."""

    plugins: tuple[str, ...] = BUNDLED

    database_url: str = "sqlite:///data/hub.db"
    redis_url: str | None = None

    hub_secret: str | None = None
    hub_base_url: str | None = None
    trusted_proxies: tuple[str, ...] = ()
    support_email: str | None = None

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
        """Return the SQLite file of the embedded default."""
        return Path(self.database_url.removeprefix("sqlite:///"))

    def of(self, plugin: str, type_: type[Struct]) -> Struct:
        """Return a plugin's own settings, the table `[plugin.<name>]`, as its Struct."""
        try:
            return msgspec.convert(self.plugin_settings.get(plugin, {}), type_, strict=False)
        except msgspec.ValidationError as error:
            raise SettingError(f"plugin.{plugin}: {error}") from error


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


def _from_file(environ: Mapping[str, str]) -> dict[str, Any]:
    named = environ.get("HUB_CONFIG")
    path = Path(named or "config/hub.toml")
    if not named and not path.exists():
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
    for variable, text in environ.items():
        if variable == "HUB_PLUGINS":
            values["plugins"] = _split(text)
        elif variable in names and variable != "PLUGINS":
            name = names[variable]
            values[name] = _split(text) if name in _LISTS else text
        elif variable.startswith("HUB_") and variable not in _FOREIGN | _tests(variable):
            raise SettingError(f"{variable}: no such setting; config/hub.toml lists them all")
    return values


def _tests(variable: str) -> set[str]:
    return {variable} if variable.startswith("HUB_TEST_") else set()


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _readable(error: msgspec.ValidationError) -> str:
    text = str(error)
    unknown = re.search(r"unknown field `(.+?)`", text)
    if unknown:
        return f"{unknown[1]}: no such setting; config/hub.toml lists them all"
    reason, _, path = text.partition(" - at `$.")
    return f"{path.rstrip('`') or 'settings'}: {reason[:1].lower()}{reason[1:]}"


def _check(settings: Settings) -> None:
    scheme = urlsplit(settings.database_url).scheme
    if scheme not in {"sqlite", "postgresql+asyncpg"}:
        raise SettingError("database_url: use sqlite:///FILE or postgresql+asyncpg://...")
    if settings.embedded and not settings.database_url.startswith("sqlite:///"):
        raise SettingError("database_url: use sqlite:///FILE (three slashes, four when absolute)")
    if settings.redis_url and urlsplit(settings.redis_url).scheme not in {
        "redis",
        "rediss",
        "unix",
    }:
        raise SettingError("redis_url: use redis://HOST:PORT/DB, rediss://... or unix://...")
    if settings.hub_base_url and urlsplit(settings.hub_base_url).scheme not in {"http", "https"}:
        raise SettingError("hub_base_url: use https://HOST")
    if settings.log_level.lower() not in {"debug", "info", "warning", "error"}:
        raise SettingError("log_level: use debug, info, warning or error")
    for name in ("trusted_proxies", "webhook_allow_subnets"):
        for network in getattr(settings, name):
            try:
                ipaddress.ip_network(network, strict=False)
            except ValueError as error:
                raise SettingError(f"{name}: {network!r} is not a network like 10.0.0.0/8") from error
