"""A file without a column that new items need."""

from __future__ import annotations

from collections.abc import Sequence

from gis_service.errors import InvalidInput
from gis_service.model.fields import Collection
from gis_service.model.reports import RowFault
from gis_service.store.staging import StagedRows
from gis_service.validation.checking import Validated


def lacking_faults(
    staged: StagedRows, collection: Collection, validated: Validated
) -> Sequence[RowFault]:
    """
    Rows that would be new, in a file without a column that a new item needs.

    Raises
    ------
    InvalidInput
        All rows would be new: then the file, and not its rows, is at fault.
    """
    if not validated.lacking:
        return ()
    new = staged.new_rows()
    if new and len(new) == len(validated.frame):
        raise _lacking(collection, validated)
    return [
        RowFault(
            row, name, "no-geometry" if name == "geometry" else "required", "",
            f"The item is new and needs {name}, for which the file has no column.",
        )
        for row in new
        for name in validated.lacking
    ]


def _lacking(collection: Collection, validated: Validated) -> InvalidInput:
    fields = [name for name in validated.lacking if name != "geometry"]
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
    if "geometry" in validated.lacking:
        said.append(
            f"The file has no geometry, which new {collection.title.en.lower()} need: in a CSV "
            "file two columns longitude and latitude (or --map COLUMN=longitude), or one of WKT."
        )
    if validated.unmapped:
        said.append(f"Columns not used: {', '.join(validated.unmapped)}.")
    return InvalidInput(" ".join(said))
