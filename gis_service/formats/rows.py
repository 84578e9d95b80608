"""What a reading process hands back: an Arrow table, and what it noticed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson
import pyarrow as pa

GEOMETRY = "__geometry__"
ROW = "__row__"
PART_ROWS = 10_000
"""Rows that are in memory at one time, where a format allows it."""
CRS84 = "OGC:CRS84"
"""Longitude and latitude of WGS84, which formats and columns mean when they say nothing else."""
JSON = {b"json": b"1"}
"""Metadata of a column whose texts are JSON."""
_INT64 = range(-(2**63), 2**63)


@dataclass(slots=True)
class Rows:
    """
    One layer, as plain as it can be.

    Parameters
    ----------
    table
        A column per property; `GEOMETRY` holds WKB and `ROW` the row's number
        in the file where they are present.
    crs
        WKT or code of the CRS that the file states; None when it states none.
    crs_assumed
        What the standard of the format says in that case; None when it is silent.
    encoding
        That of the text, and how that is known; empty where the format leaves no choice.
    faults
        Keyword arguments of `RowFault`.
    more
        What comes after `table`, read as it is asked for; `notes` are whole after it.
    before
        Rows that came before `table`.
    """

    table: pa.Table
    layer: str
    layers: tuple[str, ...]
    crs: str | None = None
    crs_assumed: str | None = None
    faults: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    encoding: str = ""
    more: Iterator[pa.Table] = field(default_factory=lambda: iter(()))
    before: int = 0

    def parts(self) -> Iterator[None]:
        """Step through the parts: `table` is each in turn, to be written before the next."""
        yield
        for table in self.more:
            self.before += self.table.num_rows
            self.table = table
            yield

    def skip(self, count: int) -> None:
        """Leave out the first rows of the file, as far as the reader did not do so itself."""
        while (left := count - self.before) > 0:
            if self.table.num_rows > left:
                self.table = self.table.slice(left)
                self.before = count
                return
            self.before += self.table.num_rows
            following = next(self.more, None)
            self.table = self.table.slice(0, 0) if following is None else following
            if following is None:
                return

    def gather(self) -> None:
        """Have all parts in `table`."""
        self.table = pa.concat_tables([self.table, *self.more])


def arrow_column(name: str, values: list[Any]) -> tuple[pa.Field, pa.Array]:
    """A column of the plainest type that holds every value as it is; JSON where none does."""
    kinds = {type(value) for value in values}
    kinds.discard(type(None))
    if kinds <= {str}:
        return pa.field(name, pa.string()), pa.array(values, pa.string())
    if kinds == {bool}:
        return pa.field(name, pa.bool_()), pa.array(values, pa.bool_())
    if kinds == {int} and all(v is None or v in _INT64 for v in values):
        return pa.field(name, pa.int64()), pa.array(values, pa.int64())
    if kinds == {float}:
        return pa.field(name, pa.float64()), pa.array(values, pa.float64())
    texts = [None if value is None else dumped(value) for value in values]
    return pa.field(name, pa.string(), metadata=JSON), pa.array(texts, pa.string())


def dumped(value: Any) -> str:
    """A value as JSON text."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        # an integer beyond 64 bits, or what JSON does not have, deep inside
        import json  # noqa: PLC0415

        return json.dumps(value, default=str)
