"""Rows of a table of cells, with their geometry made from the columns that tell where they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from gis_service.formats.position_columns import Columns
from gis_service.formats.positions import find_positions
from gis_service.formats.rows import CRS84, GEOMETRY, ROW, Rows


@dataclass(frozen=True, slots=True)
class Placing:
    """
    What the user says of a table's coordinates.

    Parameters
    ----------
    columns
        Names of the columns `longitude`, `latitude` or `geometry`, where they
        are not found by their names.
    metric
        Whether the CRS that the user names is in metres.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    metric: bool = False


def placed_rows(
    texts: Columns,
    numbers: Sequence[int],
    column: Callable[[str], tuple[pa.Field, pa.Array]],
    placing: Placing,
    *,
    layer: str,
    layers: tuple[str, ...],
) -> Rows:
    """
    One layer from columns of cells.

    Parameters
    ----------
    texts
        Every cell as text, by column; None where it is empty.
    column
        Makes the column of a name as it is kept.

    Raises
    ------
    UnreadableFile
        A column that was named for the coordinates is not there.
    """
    faults: list[dict[str, Any]] = []
    found = find_positions(texts, numbers, placing.columns, faults, metric=placing.metric)
    made = [column(name) for name in texts if name not in found.used]
    made.append((pa.field(ROW, pa.int64()), pa.array(numbers, pa.int64())))
    if found.shapes is not None:
        made.append((pa.field(GEOMETRY, pa.binary()), pa.array(found.shapes, pa.binary())))
    assumed = CRS84 if found.shapes is not None and found.degrees else None
    return Rows(
        table=pa.Table.from_arrays([a for _, a in made], schema=pa.schema([f for f, _ in made])),
        layer=layer,
        layers=layers,
        crs=found.crs,
        crs_assumed=assumed,
        faults=faults,
        notes=found.notes,
    )
