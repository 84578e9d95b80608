"""What can be asked of a collection."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from gis_service.model.fields import Collection, Field
from gis_service.model.filters import Predicate

Scalar = str | int | float | bool


@dataclass(frozen=True, slots=True)
class BBox:
    """A box in degrees of WGS84; `west` above `east` crosses the antimeridian."""

    west: float
    south: float
    east: float
    north: float

    @property
    def crosses_antimeridian(self) -> bool:
        return self.west > self.east

    def parts(self) -> tuple[tuple[float, float, float, float], ...]:
        """One or two boxes (west, south, east, north) that do not cross the antimeridian."""
        if not self.crosses_antimeridian:
            return ((self.west, self.south, self.east, self.north),)
        return (
            (self.west, self.south, 180.0, self.north),
            (-180.0, self.south, self.east, self.north),
        )


@dataclass(frozen=True, slots=True)
class Equals:
    """A property that must equal a value, or hold it where it holds several."""

    field: Field
    value: Scalar


@dataclass(frozen=True, slots=True)
class SortTerm:
    """A property to sort by; items without a value come last either way."""

    field: Field
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Position:
    """
    Where an item stands in an order: its sort values, in the order of the terms, and its id.

    Numbers and truth values are themselves; texts, dates and times are text.
    """

    values: tuple[Scalar | None, ...]
    id: UUID


@dataclass(frozen=True, slots=True)
class Cursor:
    """
    Where a page starts.

    Parameters
    ----------
    at
        The page begins beyond this position; None stands for the end that the
        page is read from.
    backward
        Whether the page holds the items before the position, not those after it.
    """

    at: Position | None
    backward: bool = False


@dataclass(frozen=True, slots=True)
class ServedCrs:
    """
    A coordinate reference system in which coordinates are answered and asked.

    Parameters
    ----------
    uri
        Its identifier in OGC documents.
    srid
        Its number in PostGIS.
    flipped
        Whether its authority writes the northing or latitude first.
    decimals
        Decimals of a coordinate where none are asked for: about a centimetre
        in degrees (RFC 7946, section 11.2), a millimetre in metres.
    is_degrees
        Whether coordinates are degrees; else they are metres or feet.
    """

    uri: str
    srid: int
    flipped: bool
    decimals: int
    is_degrees: bool


CRS84 = ServedCrs(
    "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
    srid=4326,
    flipped=False,
    decimals=7,
    is_degrees=True,
)
"""Longitude and latitude of WGS84: what is stored, and answered where nothing else is asked."""


@dataclass(frozen=True, slots=True)
class Rendering:
    """
    How an item is written.

    Parameters
    ----------
    properties
        The only ones to write; None writes all that the reader may see.
    skip_geometry
        Whether the geometry is left null.
    precision
        Decimals of a coordinate; None takes those of `crs`.
    """

    properties: tuple[Field, ...] | None = None
    skip_geometry: bool = False
    precision: int | None = None
    crs: ServedCrs = CRS84

    @property
    def decimals(self) -> int:
        return self.crs.decimals if self.precision is None else self.precision


USUAL = Rendering()
"""Everything in CRS84, as an item is written where nothing else is asked."""


@dataclass(frozen=True, slots=True)
class RecordTime:
    """
    A time, or an interval, in which items stood in the database.

    Asked for is each item that stood there at some moment of it, as it was
    last in it: at one moment the collection as it was then. None leaves an end
    open; both ends of an interval belong to it.
    """

    since: datetime | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class ItemsQuery:
    """
    A page of a collection's items.

    Parameters
    ----------
    limit
        At most so many items.
    bbox
        The box that items must meet.
    outline
        Where the box was given in a CRS in which it is no box of degrees: its
        corners and points between them, (longitude, latitude), the first again
        as the last. Items must then meet this shape, and `bbox` is the box around it.
    filter
        What an item must fulfil besides.
    sort
        The order, in which the id is always the last term.
    cursor
        Where the page starts; None for the first page.
    offset
        How many items of the first page are left out before it; a cursor needs none.
    recorded
        The time whose items are asked for; None for those of now.
    """

    collection: Collection
    limit: int
    bbox: BBox | None = None
    outline: tuple[tuple[float, float], ...] = ()
    equals: tuple[Equals, ...] = ()
    filter: Predicate | None = None
    sort: tuple[SortTerm, ...] = ()
    cursor: Cursor | None = None
    offset: int = 0
    rendering: Rendering = USUAL
    recorded: RecordTime | None = None

    @property
    def left_out(self) -> int:
        """How many items to leave out; a cursor knows its place without."""
        return self.offset if self.cursor is None else 0

    @property
    def backward(self) -> bool:
        """Whether the page is read towards the first item."""
        return self.cursor is not None and self.cursor.backward

    def neighbours(
        self, near: Position | None, far: Position | None, *, more: bool
    ) -> tuple[Cursor | None, Cursor | None]:
        """
        Where the next page and the one before start.

        Parameters
        ----------
        near, far
            The items nearest to the cursor and farthest from it on a full
            page; `near` is None on an empty page.
        more
            Whether there are items beyond `far`.
        """
        onward = Cursor(far, self.backward) if more else None
        came = self.left_out > 0 or (self.cursor is not None and self.cursor.at is not None)
        back = Cursor(near, not self.backward) if came else None
        return (back, onward) if self.backward else (onward, back)


@dataclass(frozen=True, slots=True)
class ItemsPage:
    """
    One page of items.

    Parameters
    ----------
    features
        GeoJSON features, comma-separated, without the brackets of an array.
    matched
        How many items match on all pages, exactly; None when they are too many to count.
    following, previous
        Where the next page and the one before start; None when there is none.
    estimate
        About how many items match, where they are too many to count.
    """

    features: bytes
    returned: int
    matched: int | None
    following: Cursor | None = None
    previous: Cursor | None = None
    estimate: int | None = None


@dataclass(frozen=True, slots=True)
class CollectionExtent:
    """Box that holds a collection's items, and how many there are; box None when empty."""

    bbox: BBox | None
    items: int
