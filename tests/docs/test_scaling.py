"""The page on scaling says what was measured, and what the schema is."""

import msgspec
import pytest
import sqlalchemy as sa

from hub.store.outgoing import metadata
from tests.bench import scaling, sizes
from tests.bench.report import Report
from tests.docs import pages

PAGE = pages.DOCS / "scaling.md"


def distributed() -> set[str]:
    """Return the tables that the page calls distributed."""
    table = {row[0]: row[1] for row in pages.rows(PAGE, "## 1e9 messages a day")}
    return set(table["distributed by organization_id"].split(", "))


def unique(table: sa.Table) -> list[list[str]]:
    """Return the columns of each of a table's unique indexes, its primary key among them."""
    indexes = [index for index in table.indexes if index.unique]
    constraints = [one for one in table.constraints if isinstance(one, sa.UniqueConstraint)]
    return [[column.name for column in one.columns] for one in (*indexes, *constraints)] + [
        [column.name for column in table.primary_key]
    ]


def test_the_page_is_what_the_figures_make_of_it() -> None:
    """A new run of the bench or of the sizes, or another template, makes another page."""
    report = msgspec.json.decode((pages.DOCS / "benchmarks.json").read_bytes(), type=Report)

    assert PAGE.read_text(encoding="utf-8") == scaling.page(report, scaling.sizes())


def test_a_load_is_reckoned_from_peak_and_use() -> None:
    """A thousand a second at five times the mean, 100 microseconds each, half of a core used."""
    assert scaling.cores(1000, 100) == pytest.approx(1000 * 5 * 100e-6 / 0.5)
    assert scaling.a_day(100) == pytest.approx(86_400 * 0.5 / 5 / 100e-6)
    assert [scaling.size(n) for n in (999, 1500, 25e9, 5e18)] == [
        "999 B",
        "1.5 kB",
        "25 GB",
        "5000 PB",
    ]


def test_every_unique_index_of_a_distributed_table_begins_with_the_organization() -> None:
    """As the page says: a node can only vouch for what it holds."""
    tables = [metadata.tables[name] for name in distributed()]

    assert {"message", "conversation", "customer", "event"} <= distributed()
    for table in tables:
        assert {columns[0] for columns in unique(table)} == {"organization_id"}, table.name
        assert not table.foreign_keys


@pytest.mark.heavy
@pytest.mark.server
def test_sizes_are_measured_on_real_servers() -> None:
    """A short run: every table has its rows, the log grows by more after a checkpoint."""
    found = sizes.measure(400, 40, checks=640)

    # A quarter more one by one, and again after the checkpoint.
    assert found.tables["message"].rows == 600
    assert found.tables["customer"].rows == 40
    assert 1000 < found.wal_together < found.wal_fresh
    assert 500 < found.sqlite < 10_000
    assert 100 < found.log < 1000
    assert found.bucket[60] < found.bucket[600] < 20_000
    # Of a clock that some machines read in hundredths of a second.
    assert 0 < found.check_alone < 1000
    assert 0 <= found.check_together < 1000
