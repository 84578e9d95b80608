"""A file without a column that new items need."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gis_service.errors import InvalidInput
from gis_service.model.fields import Collection
from gis_service.model.reports import RowFault
from gis_service.store.staging import StagedRows


def lacking_faults(
    staged: StagedRows,
    collection: Collection,
    lacking: Sequence[str],
    unmapped: Sequence[str],
) -> Iterator[RowFault]:
    """
    Rows that would be new, in a file without a column that a new item needs.

    Parameters
    ----------
    lacking
        What new items need and the file has no column for.
    unmapped
        Columns of the file that are no field.

    Raises
    ------
    InvalidInput
        All rows would be new: then the file, and not its rows, is at fault.
    """
    if not lacking:
        return
    new = staged.count_new()
    if new and new == len(staged):
        raise _lacking(collection, lacking, unmapped)
    for row in staged.new_rows():
        for name in lacking:
            yield RowFault(
                row, name, "no-geometry" if name == "geometry" else "required", "",
                f"The item is new and needs {name}, for which the file has no column.",
            )


def _lacking(
    collection: Collection, lacking: Sequence[str], unmapped: Sequence[str]
) -> InvalidInput:
    fields = [name for name in lacking if name != "geometry"]
    said = []
    if fields:
        said.append(
            f"The file has no column for {', '.join(fields)}, which new "
            f"{collection.title.en.lower()} need. Name the column (--map COLUMN={fields[0]}) or "
            f"give one value for all rows (--set {fields[0]}=VALUE)."
        )
    if {"start_node", "end_node"} & set(fields):
        said.append(
            "Links that end within --snap metres of a node get it by themselves, and "
            "--create-nodes makes nodes where there are none."
        )
    if "geometry" in lacking:
        said.append(
            f"The file has no geometry, which new {collection.title.en.lower()} need: in a CSV "
            "file two columns longitude and latitude (or --map COLUMN=longitude), or one of WKT."
        )
    if unmapped:
        said.append(f"Columns not used: {', '.join(unmapped)}.")
    return InvalidInput(" ".join(said))
