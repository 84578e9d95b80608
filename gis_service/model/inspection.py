"""What a file holds, what it probably means, and where on earth it may lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Box = tuple[float, float, float, float]
"""West, south, east, north."""


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """
    One column of a file.

    Parameters
    ----------
    type
        As the file holds it: text, integer, number, boolean, date, time or JSON.
    filled
        Share of the rows that hold a value, from 0 to 1.
    distinct
        How many different values there are among the rows looked at.
    examples
        The first different values, shortened.
    """

    name: str
    type: str
    filled: float
    distinct: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FieldProposal:
    """
    A column that is probably a field.

    Parameters
    ----------
    score
        From 0 to 1: how sure it is.
    why
        What speaks for it, in plain words.
    others
        Fields that come next, with their scores.
    part
        The part of the column's objects that holds the values; empty for all of it.
    by_itself
        Whether a load finds it without being told.
    """

    column: str
    field: str
    score: float
    why: str
    others: tuple[tuple[str, float], ...] = ()
    part: str = ""
    by_itself: bool = False

    @property
    def source(self) -> str:
        """As a mapping names it: `start.id`."""
        return f"{self.column}.{self.part}" if self.part else self.column


@dataclass(frozen=True, slots=True)
class ValueProposal:
    """
    A value of the file that is not spelled as its codelist spells it.

    Parameters
    ----------
    code
        The code that it probably means; empty when it resembles none.
    applied
        Whether a load reads it so without a yes.
    """

    field: str
    column: str
    value: str
    rows: int
    code: str
    score: float
    why: str
    applied: bool


@dataclass(frozen=True, slots=True)
class CollectionProposal:
    """
    What the rows of a layer may be.

    Parameters
    ----------
    fields
        By column of the file; only what is likely enough.
    constants
        One value for all rows, by field, that the layer's name tells.
    lacking
        What new items need and no column gives.
    """

    collection: str
    score: float
    why: tuple[str, ...]
    fields: tuple[FieldProposal, ...] = ()
    values: tuple[ValueProposal, ...] = ()
    constants: Mapping[str, str] = field(default_factory=dict)
    lacking: tuple[str, ...] = ()
    make_ids: bool = False


@dataclass(frozen=True, slots=True)
class PlaceCandidate:
    """
    One way to read the coordinates, and where the rows would then lie.

    Parameters
    ----------
    crs
        The CRS to name with `--crs`; empty where the file must be corrected first.
    looked_at, inside
        Rows looked at, and those of them inside the network's extent.
    in_wards
        Those inside a known ward; None where no wards are known.
    to_known_m
        Median distance to the nearest known item, in metres; None where none is near.
    stated
        Whether it is the CRS that the file, or the user, states.
    correction
        What must be corrected in the file for it.
    """

    id: str
    title: str
    crs: str
    looked_at: int
    inside: int
    in_wards: int | None = None
    to_known_m: float | None = None
    stated: bool = False
    correction: str = ""

    @property
    def share(self) -> float:
        """Share of the rows that lie inside: the wards where any are known, else the extent."""
        within = self.inside if self.in_wards is None else self.in_wards
        return within / self.looked_at if self.looked_at else 0.0


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """
    Where on earth a layer may lie.

    Parameters
    ----------
    crs
        The CRS that is stated, with its name; empty when none is.
    candidates
        Those that fit, the best first; the stated one always.
    verdict
        What follows, in plain words.
    plausible
        Whether the stated CRS puts the rows where they can be.
    """

    crs: str
    stated_by: str
    candidates: tuple[PlaceCandidate, ...]
    verdict: str
    plausible: bool


@dataclass(frozen=True, slots=True)
class LayerInspection:
    """
    One layer of a file.

    Parameters
    ----------
    extent
        In the coordinates of the file, first axis first; None without geometry.
    geometry_types
        How many rows have each; `none` for those without.
    proposals
        What the rows may be, the likeliest first.
    chosen
        The proposal that is sure enough; None when none is.
    command
        The command line that would load it.
    encoding
        That of the text, and how that is known; empty where the format leaves no choice.
    """

    layer: str
    rows: int
    extent: Box | None
    geometry_types: Mapping[str, int]
    columns: tuple[ColumnFacts, ...]
    whereabouts: Whereabouts | None
    proposals: tuple[CollectionProposal, ...]
    chosen: CollectionProposal | None
    command: str
    encoding: str = ""
    notes: tuple[str, ...] = ()
    faults: int = 0


@dataclass(frozen=True, slots=True)
class Inspection:
    """A file as it was understood."""

    source: str
    format: str
    size_bytes: int
    layers: tuple[str, ...]
    inspected: tuple[LayerInspection, ...]
