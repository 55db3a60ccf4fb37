"""Settings: file, then environment; what is wrong is named in one line."""

import re
import tomllib
from pathlib import Path

import pytest
from msgspec import Struct

from hub.errors import SettingError
from hub.settings import Settings, config_file, load

ROOT = Path(__file__).parents[2]
FILE = ROOT / "config" / "hub.toml"
# A setting is commented out without a space, prose with one.
COMMENTED = re.compile(r"^#(?=\w+ = )", re.MULTILINE)
POSTGRES = "postgresql+asyncpg://hub:pass@127.0.0.1:5432/hub"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch) -> None:
    """A folder without a config/hub.toml."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def named(tmp_path: Path):
    """An environment that names a file with this text."""

    def write(text: str) -> dict[str, str]:
        path = tmp_path / "other.toml"
        path.write_text(text, encoding="utf-8")
        return {"HUB_CONFIG": str(path)}

    return write


def test_without_file_and_environment_all_is_default() -> None:
    """A foreign environment changes nothing."""
    assert load({"PATH": "/bin", "PLUGINS": "x", "WHATSAPP_ACCESS_TOKEN": "x"}) == Settings()
    assert config_file({}) is None


def test_the_documented_file_says_what_the_defaults_are(named) -> None:
    """As it stands it sets nothing; uncommented it names every setting with its default."""
    text = FILE.read_text(encoding="utf-8")
    values = tomllib.loads(COMMENTED.sub("", text))
    defaults = {f: getattr(Settings(), f) for f in Settings.__struct_fields__}

    assert load(named(text)) == Settings()
    assert list(values) == [name for name in defaults if name != "plugin_settings"]
    for name, value in values.items():
        default = defaults[name]
        expected = list(default) if isinstance(default, tuple) else default
        assert expected is None or value == expected, name
    load(named(COMMENTED.sub("", text)))


def test_every_setting_of_the_file_has_a_comment() -> None:
    """The line above says what it does."""
    lines = FILE.read_text(encoding="utf-8").splitlines()
    settings = [number for number, line in enumerate(lines) if COMMENTED.match(line)]

    assert all(lines[number - 1].startswith("# ") for number in settings)


def test_the_environment_wins_over_the_file(named) -> None:
    """Each value has the type of its setting; lists are written with commas."""
    environ = named('ingest_rate_per_min = 5\nread_rate_per_min = 7\nplugins = ["widget"]')

    settings = load(
        environ
        | {
            "INGEST_RATE_PER_MIN": "9",
            "WEBHOOK_ALLOW_HTTP": "true",
            "TRUSTED_PROXIES": "10.0.0.0/8, ::1",
            "HUB_PLUGINS": "widget,whatsapp",
            "DATABASE_URL": POSTGRES,
        }
    )

    assert (settings.ingest_rate_per_min, settings.read_rate_per_min) == (9, 7)
    assert settings.webhook_allow_http is True
    assert settings.trusted_proxies == ("10.0.0.0/8", "::1")
    assert settings.plugins == ("widget", "whatsapp")
    assert not settings.embedded


def test_an_empty_variable_is_not_set_and_an_empty_list_is_empty() -> None:
    """As compose files leave them."""
    assert load({"REDIS_URL": "", "HUB_SECRET": " ", "READ_RATE_PER_MIN": ""}) == Settings()
    assert load({"HUB_PLUGINS": ""}).plugins == ()


def test_the_file_beside_us_is_read_without_being_named(tmp_path: Path) -> None:
    """config/hub.toml of the folder that the hub is started in."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "hub.toml").write_text("read_rate_per_min = 3")

    assert load({}).read_rate_per_min == 3


@pytest.mark.parametrize(
    ("environ", "line"),
    [
        ({"INGEST_RATE_PER_MIN": "many"}, r"ingest_rate_per_min: expected `int`"),
        ({"INGEST_RATE_PER_MIN": "0"}, r"ingest_rate_per_min: expected `int` >= 1"),
        ({"INGEST_RATE_PER_MINUTE": "5"}, "INGEST_RATE_PER_MINUTE: no such setting"),
        ({"HUB_SECRETS": "x"}, "HUB_SECRETS: no such setting"),
        ({"WEBHOOK_ALLOW_HTTPS": "x"}, "WEBHOOK_ALLOW_HTTPS: no such setting"),
        ({"WEBHOOK_ALLOW_HTTP": "maybe"}, "webhook_allow_http: expected `bool`"),
        ({"DATABASE_URL": "postgres://u:pass2@h/d"}, r"database_url: write postgresql\+asyncpg"),
        ({"DATABASE_URL": "postgresql://u:pass2@h/d"}, r"database_url: write postgresql\+asyncpg"),
        ({"DATABASE_URL": "postgresql+asyncpg://u:pass2@h"}, "database_url: use sqlite"),
        ({"DATABASE_URL": "postgresql+asyncpg://u:pass2@h:x/d"}, "database_url: not a URL"),
        ({"DATABASE_URL": "mysql://u:pass2@h/d"}, "database_url: use sqlite"),
        ({"DATABASE_URL": "sqlite://hub.db"}, "database_url: use sqlite:///FILE"),
        ({"DATABASE_URL": "sqlite:///"}, "database_url: use sqlite:///FILE"),
        ({"DATABASE_URL": "sqlite:///:memory:"}, "database_url: use sqlite:///FILE"),
        ({"REDIS_URL": "http://:pass2@h"}, "redis_url: use redis://"),
        ({"REDIS_URL": "redis://"}, "redis_url: use redis://"),
        ({"HUB_BASE_URL": "hub.example.com"}, "hub_base_url: use http://"),
        ({"HUB_BASE_URL": "https://hub.example.com/hub"}, "hub_base_url: leave out"),
        ({"SMTP_URL": "mail.example.com"}, "smtp_url: use smtp://"),
        ({"WHATSAPP_GRAPH_BASE_URL": "graph"}, "whatsapp_graph_base_url: use http://"),
        ({"LOG_LEVEL": "loud"}, "log_level: use debug"),
        ({"HUB_PLUGINS": "widget,widget"}, "plugins: a name stands there twice"),
        ({"TRUSTED_PROXIES": "10.0.0.0/8,proxy"}, "trusted_proxies: 'proxy' is not a network"),
        ({"HUB_CONFIG": "missing.toml"}, "HUB_CONFIG: cannot read missing.toml"),
    ],
)
def test_a_wrong_setting_is_one_line_that_names_it(environ: dict[str, str], line: str) -> None:
    """And that repeats no password."""
    with pytest.raises(SettingError, match=f"^{line}") as refused:
        load(environ)

    assert "\n" not in str(refused.value)
    assert "pass2" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("nonsense = 1", "nonsense: no such setting"),
        ("DATABASE_URL = 'x'", "DATABASE_URL: no such setting"),
        ("plugins = 'widget'", "plugins: expected `array`"),
        ("plugins = [1]", r"plugins\[0\]: expected `str`"),
        ("plugin = 1", "plugin: expected `object`"),
        ("a = ", ".*other.toml: not valid TOML"),
    ],
)
def test_a_wrong_file_is_one_line_too(named, text: str, line: str) -> None:
    """The setting, or the file."""
    with pytest.raises(SettingError, match=f"^{line}"):
        load(named(text))


def test_a_plugins_own_settings_are_its_table_as_its_type(named) -> None:
    """Defaults when there is none; what is wrong is named with the plugin."""

    class Own(Struct, forbid_unknown_fields=True):
        level: int = 3

    settings = load(named("[plugin.example]\nlevel = 5\n[plugin.broken]\nlevle = 5"))

    assert settings.of("example", Own) == Own(level=5)
    assert settings.of("absent", Own) == Own()
    with pytest.raises(SettingError, match=r"^plugin\.broken\.levle: no such setting"):
        settings.of("broken", Own)
