"""What is written of a row, and how."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from msgspec import Struct

Row = Struct | Mapping[str, Any]
Names = tuple[str, ...]

# The hex form of an id is what SQLite stores, and PostgreSQL reads it too.
encode = msgspec.json.Encoder(uuid_format="hex").encode
_TOUCHED = "updated_at"
_STAMPS = ("created_at", _TOUCHED, "available_at")


class Form(Struct, frozen=True):
    """Which columns of a table are written from the fields of a row."""

    table: sa.Table
    names: Names
    fixed: Names | None = None
    """Rows whose primary key is there already are updated, all but these columns.

    None lets them fail. A violation of any other unique index fails them all, always.
    """
    merges: Names = ()
    """Where null changes nothing in a row that is there already."""
    adds: Names = ()
    """Numbers that are added to what is there already."""
    unchanged: Names = ()
    """What is there already must be the same, or all fails: it becomes null, which is refused."""
    seldom: Names = ()
    """Columns of an index that change in rows alone that are there already and say `moved`.

    SQLite writes an index anew for each column that is set, also to what it was.
    """

    @property
    def stamps(self) -> list[str]:
        """Return the columns that say when a row is born or touched: now."""
        return [name for name in _STAMPS if name in self.table.c]

    def or_update(self, insert: Any) -> Any:
        """Return an insertion that updates what is there already, if the form says so."""
        if self.fixed is None:
            return insert
        keys = [column.name for column in self.table.primary_key]
        changing = [name for name in (*self.names, _TOUCHED) if name in self.table.c]
        values = {
            name: self._together(self.table.c[name], insert.excluded[name])
            for name in changing
            if name not in {*keys, *self.fixed}
        }
        return insert.on_conflict_do_update(index_elements=keys, set_=values)

    def _together(self, here: Any, new: Any) -> Any:
        """Return what a column becomes that has one value and is given another."""
        if here.name in self.adds:
            return here + new
        if here.name in self.unchanged:
            return sa.case((here == new, new))
        return sa.func.coalesce(new, here) if here.name in self.merges else new


class Write(Struct, frozen=True):
    """Rows that are going to be written."""

    form: Form
    rows: Sequence[Row]
