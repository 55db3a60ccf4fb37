"""The bench itself: it reads what it is told, compares within a round, and sees what is missing."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from xml.etree import ElementTree as ET

import msgspec
import pytest
from click.testing import CliRunner

from tests.bench import chart, figures, load, machine, page, processor, report
from tests.bench.__main__ import bench, measure
from tests.bench.figures import GOALS, Goal, Sample
from tests.bench.hubs import Counted
from tests.bench.load import CONNECTIONS, Failed, Target
from tests.bench.rows import ROWS, check_rows
from tests.support.processes import free_port, wait_for

OUTPUT = """\
Running 2s test @ http://127.0.0.1:8000/api/v1/messages
  1 threads and 64 connections
  2001 requests in 2.10s, 1.23MB read
bench {"requests":2001,"microseconds":2101001,"p50":55000,"p99":99000,"status":3,"broken":1}
"""
KIND = {
    "start": {"start": 0.5},
    "start-postgres": {"start": 0.5},
    "streams": {"kib": 20.0, "alone": 4.0, "beside": 5.0},
}
MACHINE = machine.Machine(2, 8.0, "a processor", "Linux 6", "ext4", {"Python": "3.11"})


def sample(total: float = 100.0, **given: float) -> Sample:
    """Return a sample whose CPU is divided between hub and database."""
    return Sample(**{"server": total * 0.6, "database": total * 0.4, "rate": 1000.0, **given})


def whole_report() -> report.Report:
    """Return the report of a run of three rounds of all rows."""
    one = {row.name: sample(**KIND.get(row.name, {})) for row in ROWS}
    return report.finished(
        [one, one | {"floor": sample(40)}, one | {"floor": sample(60, foreign=0.5)}],
        date="2026-01-31",
        command="./run bench --write",
        seconds=6,
        customers=10_000,
        machine=MACHINE,
    )


def test_the_words_of_the_load_maker_are_read() -> None:
    """Our one line among all that wrk prints."""
    shot = load.parse(OUTPUT)

    assert (shot.requests, shot.microseconds, shot.p50, shot.p99) == (2001, 2101001, 55000, 99000)
    assert (shot.status, shot.broken) == (3, 1)


@pytest.mark.parametrize("output", ["", OUTPUT.replace("bench", "bank"), OUTPUT * 2])
def test_a_load_maker_that_tells_nothing_or_twice_fails(output: str) -> None:
    """No figure is made up."""
    with pytest.raises(Failed, match="did not tell"):
        load.parse(output)


@pytest.mark.parametrize("under_way", [0, CONNECTIONS])
def test_rows_that_are_what_was_answered_pass(under_way: int) -> None:
    """What was under way when the load ended may be stored, and then is counted as answered."""
    given = 100 + under_way

    check_rows(100, given, Counted(given, given), keeps=True)
    check_rows(100, 0, Counted(0, given), keeps=False)


@pytest.mark.parametrize(
    ("added", "accepted", "answered"),
    [
        (99, 100, 100),  # one was answered and is not there
        (101, 100, 100),  # one is there twice
        (100, 99, 100),  # one was a duplicate
        (99, 99, 99),  # the load maker got an answer that the hub did not give
        (165, 165, 165),  # more were given than can have been under way
    ],
)
def test_a_row_too_few_or_too_many_fails(added: int, accepted: int, answered: int) -> None:
    """Of a hundred answers one is wrong."""
    with pytest.raises(Failed):
        check_rows(100, added, Counted(accepted, answered), keeps=True)


def test_a_message_that_is_kept_where_none_should_be_fails() -> None:
    """The row that stores nothing is looked at as well."""
    with pytest.raises(Failed, match="expected 0"):
        check_rows(100, 1, Counted(1, 100), keeps=False)


def test_ratios_are_taken_within_a_round() -> None:
    """A slow minute weighs on both sides; the median of the ratios, with lowest and highest."""
    goal = Goal("g", "says", ("a", "b"), lambda r: r["a"].total / r["b"].total, at_least=0.5)
    pairs = [(10, 40), (30, 50), (100, 200)]
    rounds = [{"a": sample(a), "b": sample(b)} for a, b in pairs]

    verdict = figures.judge(goal, rounds)

    assert verdict
    assert (verdict.median, verdict.lowest, verdict.highest) == (0.5, 0.25, 0.6)
    assert (verdict.bound, verdict.reached) == ("at least 0.50", True)


def test_a_missed_goal_is_told_and_one_without_its_rows_is_not() -> None:
    """`at_most` is the other way round; a row that was not measured makes no verdict."""
    goal = Goal("g", "says", ("a",), lambda r: r["a"].start, at_most=1.5)

    missed = figures.judge(goal, [{"a": sample(start=1.51)}])

    assert missed
    assert (missed.bound, missed.reached) == ("at most 1.50", False)
    assert figures.judge(goal, [{"b": sample()}]) is None


def test_goals_name_rows_that_there_are() -> None:
    """Each goal is judged in a run of all rows."""
    names = {row.name for row in ROWS}

    assert {name for goal in GOALS for name in goal.needs} <= names
    assert [verdict.name for verdict in whole_report().ratios] == [goal.name for goal in GOALS]


def test_the_page_holds_what_the_run_found() -> None:
    """Every row, ratio and fact of the machine stands in its table; a noisy row is marked."""
    whole = whole_report()
    noisy = msgspec.structs.replace(whole, medians={"sqlite": sample(1234, foreign=0.4)})

    text = page.page(whole)

    for row in ROWS:
        assert f"\n| {row.name} |" in text
        assert f"\n- `{row.name}`: {row.says}" in text
    assert "| efficiency |" in text
    assert "| 0.60 | 0.40 | 1.00 | at least 0.50 | reached |" in text
    assert "\n| processor | a processor |" in text
    assert "2026-01-31; rounds: 3; seconds under load, of each row in each round: 6;" in text
    assert "| 1234 | 740 | 0 | 494 | 0 | 0 | 40% (!) |" in page.page(noisy)


def test_a_run_leaves_page_chart_and_figures(tmp_path: Path) -> None:
    """The figures can be read back as they were."""
    whole = whole_report()

    files = page.write(whole, tmp_path)

    names = ["benchmarks.md", "benchmarks.svg", "benchmarks.json"]
    assert [file.name for file in files] == [*names, "scaling.md"]
    assert msgspec.json.decode(files[2].read_bytes(), type=report.Report) == whole


def test_the_chart_draws_each_part_to_scale() -> None:
    """Bars are as long as their CPU; rows without load are not drawn."""
    drawn = chart.draw({"a": sample(200), "b": sample(100, redis=50.0), "s": sample(start=1.0)})

    tree = ET.fromstring(drawn)
    bars = [one for one in tree.iter() if one.get("height") == "20"]
    widths = [(one.get("class"), round(float(one.get("width", 0)))) for one in bars]
    names = [one.text for one in tree.iter() if one.get("class") == "name"]
    assert widths == [
        ("server", 342),
        ("database", 228),
        ("server", 171),
        ("database", 114),
        ("redis", 142),
    ]
    assert names == ["a", "b"]
    assert "prefers-color-scheme: dark" in drawn


def test_a_line_of_proc_is_read_whatever_the_name() -> None:
    """A name may hold brackets and spaces; the time of buried children counts."""
    line = "42 (a) b (c)) S 7 42 42 0 -1 0 0 0 0 0 100 20 3 4 20 0 1 0 0"

    assert processor.parse_stat(line) == (7, pytest.approx(1.27))


def test_the_cpu_of_a_tree_is_seen_and_not_called_foreign() -> None:
    """A grandchild that works is its root's, and stays so when it has ended."""
    work = "import time\nwhile time.process_time() < 0.4: pass"
    nested = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {work!r}])\ninput()"
    with subprocess.Popen([sys.executable, "-c", nested], stdin=subprocess.PIPE) as parent:
        gauge = processor.Gauge({"tree": parent.pid})
        before = gauge.read()
        assert wait_for(lambda: gauge.read().parts["tree"] >= 0.4, 20)
        used = processor.spent(before, gauge.read())
        parent.communicate(b"\n")

    assert 0.35 <= used.parts["tree"] < 2
    assert 0 <= used.foreign <= 1


def test_the_file_system_is_the_nearest_mount() -> None:
    """Of `/` and `/tmp` it is `/tmp`."""
    mounts = "/dev/a / ext4 rw 0 0\ntmp /tmp tmpfs rw 0 0\n"

    assert machine.file_system(Path("/tmp/x/y"), mounts) == "tmpfs"
    assert machine.file_system(Path("/var/x"), mounts) == "ext4"


@pytest.fixture
def refusing() -> Iterator[int]:
    """A server that answers 503; its port."""

    class Refusing(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(503)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """Let the load maker hang up."""

    with Quiet(("127.0.0.1", free_port()), Refusing) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.mark.server
def test_one_refusal_fails_the_run(refusing: int) -> None:
    """A hub that is quick to refuse is no quick hub."""
    with pytest.raises(Failed, match=r"[1-9]\d* refusals"):
        load.fire(Target(refusing, "key", 10), 1, 1)


@pytest.mark.server
def test_a_real_row_is_measured_and_its_messages_are_there() -> None:
    """One round of one second on SQLite, from an empty folder to a checked figure."""
    sqlite = [row for row in ROWS if row.name == "sqlite"]

    (found,) = measure(sqlite, rounds=1, seconds=1, customers=50)

    assert found["sqlite"].handled > 50
    assert found["sqlite"].server > 0


def test_the_command_tells_its_rows_and_knows_no_other() -> None:
    """`--list` measures nothing; a wrong name is told with the right ones."""
    listed = CliRunner().invoke(bench, ["--list"])
    wrong = CliRunner().invoke(bench, ["--only", "mongodb"])

    assert [line.split()[0] for line in listed.output.splitlines()] == [row.name for row in ROWS]
    assert wrong.exit_code == 2
    assert "postgres-1" in wrong.output
