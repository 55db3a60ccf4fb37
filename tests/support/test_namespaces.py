"""Hosts of their own come and go, also those of a run that was killed."""

import os
import subprocess

import pytest

from tests.support.namespaces import DATA, HOSTS, network

pytestmark = [pytest.mark.heavy, pytest.mark.server]


def hosts() -> set[str]:
    """Return the names of all hosts that are there."""
    words = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True)
    return {line.split()[0] for line in words.stdout.splitlines()}


def speaks(inside: tuple[str, ...], address: str) -> bool:
    """Tell whether a packet comes back from there: a closed port says so, silence does not."""
    script = (
        "import socket, sys\n"
        "try: socket.create_connection((sys.argv[1], 9), 1)\n"
        "except ConnectionRefusedError: print('refused')\n"
        "except TimeoutError: print('silent')\n"
    )
    command = [*inside, "python3", "-c", script, address]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout == "refused\n"


def fail_among(there: set[str]) -> None:
    """Make the hosts, note which are there, and fail."""
    with network():
        there |= hosts()
        raise ZeroDivisionError


def test_hosts_are_gone_afterwards_and_so_is_what_a_killed_run_left() -> None:
    """Whatever happens meanwhile; the hosts of a process that lives are left alone."""
    ended = subprocess.Popen(["true"])
    ended.wait()
    left, lives = f"hub-{ended.pid}-one", f"hub-{os.getppid()}-one"
    for name in (left, lives):
        subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        there: set[str] = set()
        with pytest.raises(ZeroDivisionError):
            fail_among(there)
        after = hosts()
    finally:
        subprocess.run(["ip", "netns", "delete", lives], check=True)
    mine = {f"hub-{os.getpid()}-{host}" for host in (*HOSTS, DATA)}

    assert there & (mine | {left, lives}) == mine | {lives}
    assert after & (mine | {left, lives}) == {lives}


def test_a_pulled_cable_is_silent_and_the_others_are_not() -> None:
    """What is pulled loses what is sent, in one place; plugged in again it works."""
    with network() as wires:
        one, two = (tuple(wires.inside(host)) for host in HOSTS)
        database, cache = wires.address("database"), wires.address("cache")
        before = speaks(one, database)
        wires.pull("one", "database")
        pulled = [speaks(one, database), speaks(one, cache), speaks(two, database)]
        wires.plug("one", "database")
        after = speaks(one, database)

    assert (before, pulled, after) == (True, [False, True, True], True)
