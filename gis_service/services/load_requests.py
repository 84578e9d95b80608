"""What is asked of a load."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gis_service.model.parts import Heights, Parts
from gis_service.validation.topology import SNAP_M

Progress = Callable[[int, int], None]
"""Called with the rows copied so far and the rows in all."""
MOST_FAULTS_KEPT = 5_000
"""Of a report that the database keeps."""


@dataclass(frozen=True, slots=True)
class LoadRequest:
    """
    What to load, and how.

    Parameters
    ----------
    network
        `external_id` or UUID of the network; None chooses the only one there is.
    mapping
        Field by column of the file. An empty field leaves the column out,
        `extra` keeps it beside the fields, `longitude`, `latitude` and
        `geometry` make a CSV's geometry.
    constants
        One value for all rows, by field.
    codes
        Code by value of the file, by field: what somebody said that they mean.
    accept_codes
        Apply what values only resemble, too.
    mapped_by
        Name of the saved mapping that these come from.
    accept_partial
        Load the good rows although others are at fault.
    make_ids
        Make identifiers from each row's content.
    multi
        What becomes of points and lines of several parts, as in `Parts`.
    heights
        What becomes of heights and measures, as in `Heights`.
    name
        The file's name where it came from, when it stands under another one.
    rejects
        A GeoPackage to write with the rows that are at fault.
    sync
        Mark the network's items that the file does not hold as decommissioned.
    sync_most
        So many of them at most; with more, nothing is done but to tell.
    snap_m
        Metres within which the end of a link belongs to a node; 0 moves none.
    create_nodes
        Make nodes where links end and none is.
    """

    path: Path
    collection: str
    network: str | None = None
    layer: str | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    accept_codes: bool = False
    mapped_by: str | None = None
    crs: str | None = None
    encoding: str | None = None
    dry_run: bool = False
    accept_partial: bool = False
    make_ids: bool = False
    multi: str = Parts.MERGE
    heights: str = Heights.DROP
    name: str | None = None
    rejects: Path | None = None
    sync: bool = False
    sync_most: int = 0
    snap_m: float = SNAP_M
    create_nodes: bool = False

    @property
    def source(self) -> str:
        return self.name or self.path.name
