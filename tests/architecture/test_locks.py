"""The lock files say exactly what is installed, and nowhere from."""

import re
from collections.abc import Iterator

from tests.architecture import house

LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-docs.lock")
PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)==[^\s;\\]+( ; [^\\]+)? \\$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}( \\)?$")
ADDRESS = re.compile(r"\w+://|^-|\s@\s|\bfile:|\"resolved\"", re.MULTILINE)


def strange_lines(text: str) -> Iterator[str]:
    """Find the lines that are neither a pinned package nor one of its hashes."""
    pinned = False
    for line in text.splitlines():
        if PIN.match(line):
            if pinned:
                yield f"no hash before: {line}"
            pinned = True
        elif HASH.match(line):
            pinned = False
        else:
            yield line


def names(text: str) -> set[str]:
    """Return the packages that a lock names."""
    return {match[1] for line in text.splitlines() if (match := PIN.match(line))}


def wanted(requirements: list[str]) -> set[str]:
    """Return the packages that requirements ask for, in the lock's spelling."""
    found = (re.match(r"[A-Za-z0-9._-]+", requirement) for requirement in requirements)
    return {re.sub(r"[-_.]+", "-", match[0]).lower() for match in found if match}


def read(lock: str) -> str:
    """Return a lock's text."""
    return (house.ROOT / lock).read_text(encoding="utf-8")


def test_locks_hold_pins_and_hashes_and_no_address() -> None:
    """Any mirror serves, and what it serves is checked."""
    for lock in LOCKS:
        assert list(strange_lines(read(lock))) == [], lock
        assert ADDRESS.findall(read(lock)) == [], lock


def test_npm_locks_hold_no_address() -> None:
    """`omit-lockfile-registry-resolved` keeps registries out of the widget's lock too."""
    faults = [
        house.name(path)
        for path in house.files("*package-lock.json")
        if ADDRESS.search(path.read_text(encoding="utf-8"))
    ]

    assert faults == []


def test_what_the_project_asks_for_is_locked() -> None:
    """A dependency that was added without `./run lock` is told."""
    settings = house.pyproject()
    groups = settings["dependency-groups"]
    runtime = wanted(settings["project"]["dependencies"] + groups["build"])

    assert runtime - names(read("requirements.lock")) == set()
    assert (runtime | wanted(groups["dev"])) - names(read("requirements-dev.lock")) == set()
    assert wanted(groups["docs"]) - names(read("requirements-docs.lock")) == set()


def test_the_developers_lock_holds_the_operators() -> None:
    """What is tested is what runs: the same version of everything."""
    pins = [
        {line.split(" ")[0] for line in read(lock).splitlines() if PIN.match(line)}
        for lock in LOCKS
    ]

    assert pins[0] <= pins[1]


def test_an_address_or_a_missing_hash_is_found() -> None:
    """Each kind of line that must not be there is told."""
    digest = f"    --hash=sha256:{'0' * 64}"
    good = f"click==8.0 ; sys_platform == 'linux' \\\n{digest} \\\n{digest}\n"
    loose, nowhere = "idna>=3", "rich==15.0 \\"
    index = "--index-url https" + "://mirror.invalid/simple"

    assert list(strange_lines(good)) == []
    assert list(strange_lines(f"{loose}\n{good}{index}\n")) == [loose, index]
    assert next(strange_lines(f"{nowhere}\n{good}")).startswith("no hash before: click")
    assert ADDRESS.search(index)
    assert ADDRESS.search("hub @ file" + ":../hub")
    assert wanted(["SQLAlchemy[asyncio]>=2.1", "uuid_utils"]) == {"sqlalchemy", "uuid-utils"}
