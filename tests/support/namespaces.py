"""Hosts of their own on one machine: network namespaces, joined by cables that can be pulled.

Two hosts run hubs, a third has the data, and the tests are a fourth:

    tests --- one ---+--- database (an address of the third host)
      |              +--- cache    (another address of it)
      +------ two ---+--- database
                     +--- cache

Each line is a cable between two hosts. A pulled one loses what is sent, and says nothing to those
who talk over it. Needs root, and `ip` of iproute2.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from tests.support.processes import NotStartedError

INSTALL = "sudo apt-get install -y iproute2   (or: ./run test-heavy, as root)"
HOSTS = ("one", "two")
SERVICES = ("database", "cache")
DATA = "data"
_COMMAND_SECONDS = 20


class Network:
    """The hosts of one run; their names and addresses hold its process id."""

    def __init__(self) -> None:
        """Make the hosts and plug in every cable; raise with what is missing."""
        if os.geteuid() != 0 or shutil.which("ip") is None:
            raise NotStartedError(f"Hosts of their own need root and ip:  {INSTALL}")
        self._cables = count()
        self._fronts: dict[str, str] = {}
        _remove_left_over()
        try:
            self._make()
        except BaseException:
            self.remove()
            raise

    def inside(self, host: str) -> Sequence[str]:
        """Return what a command begins with to run on this host."""
        return ("ip", "netns", "exec", _name(host))

    def address(self, name: str) -> str:
        """Return where the tests reach a host, or everybody a service."""
        return self._fronts.get(name) or _address(254 - SERVICES.index(name))

    @property
    def addresses(self) -> list[str]:
        """Return every address that tests talk to."""
        return [self.address(name) for name in (*HOSTS, *SERVICES)]

    def pull(self, host: str, service: str) -> None:
        """Pull the cable between a host and a service."""
        _in(DATA, "link", "set", f"{service}-{host}", "down")

    def plug(self, host: str, service: str) -> None:
        """Plug it in again."""
        _in(DATA, "link", "set", f"{service}-{host}", "up")

    def remove(self) -> None:
        """Take everything away: a host that is gone takes its cables with it, but in its time."""
        for host in (*HOSTS, DATA):
            _ip("link", "delete", _here(host), strict=False)
            _ip("netns", "delete", _name(host), strict=False)

    def _make(self) -> None:
        for host in (DATA, *HOSTS):
            _ip("netns", "add", _name(host))
            _in(host, "link", "set", "lo", "up")
        for service in SERVICES:
            _in(DATA, "address", "add", f"{self.address(service)}/32", "dev", "lo")
        self._lay(DATA, "tests")
        for service in SERVICES:
            _ip("route", "add", self.address(service), "via", self._fronts[DATA])
        for host in HOSTS:
            self._lay(host, "tests")
            for service in SERVICES:
                far = self._between(host, service, DATA, f"{service}-{host}")
                _in(host, "route", "add", self.address(service), "via", far)

    def _lay(self, host: str, device: str) -> None:
        """Lay a cable from the tests to a host."""
        near, far = self._ends()
        here = _here(host)
        peer = ("peer", "name", device, "netns", _name(host))
        _ip("link", "add", here, "type", "veth", *peer)
        _ip("address", "add", f"{near}/30", "dev", here)
        _ip("link", "set", here, "up")
        _in(host, "address", "add", f"{far}/30", "dev", device)
        _in(host, "link", "set", device, "up")
        self._fronts[host] = far

    def _between(self, host: str, device: str, other: str, its_device: str) -> str:
        """Lay a cable between two hosts; return the address of its far end."""
        near, far = self._ends()
        peer = ("peer", "name", its_device, "netns", _name(other))
        _in(host, "link", "add", device, "type", "veth", *peer)
        for place, end, name in ((host, near, device), (other, far, its_device)):
            _in(place, "address", "add", f"{end}/30", "dev", name)
            _in(place, "link", "set", name, "up")
        return far

    def _ends(self) -> tuple[str, str]:
        first = 4 * next(self._cables)
        return _address(first + 1), _address(first + 2)


@contextmanager
def network() -> Iterator[Network]:
    """Lend the hosts; whatever happens, they are gone afterwards."""
    made = Network()
    try:
        yield made
    finally:
        made.remove()


def _address(number: int) -> str:
    # 198.18.0.0/15 is set aside for tests of networks (RFC 2544): nobody is there.
    return f"198.{18 + os.getpid() // 256 % 2}.{os.getpid() % 256}.{number}"


def _name(host: str) -> str:
    return f"hub-{os.getpid()}-{host}"


def _here(host: str) -> str:
    """Name the tests' end of a cable: 15 characters at most, and no other run's."""
    return f"hub{os.getpid()}{host[:3]}"


def _remove_left_over() -> None:
    """Remove what a run left behind that was killed itself."""
    for line in _ip("netns", "list").splitlines():
        name = line.split()[0] if line.strip() else ""
        kind, _, rest = name.partition("-")
        pid = rest.partition("-")[0]
        if kind == "hub" and pid.isdecimal() and not Path(f"/proc/{pid}").exists():
            _ip("netns", "delete", name, strict=False)


def _in(host: str, *arguments: str) -> None:
    _ip("-netns", _name(host), *arguments)


def _ip(*arguments: str, strict: bool = True) -> str:
    done = subprocess.run(
        ["ip", *arguments], capture_output=True, text=True, check=False, timeout=_COMMAND_SECONDS
    )
    if strict and done.returncode:
        raise NotStartedError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout
