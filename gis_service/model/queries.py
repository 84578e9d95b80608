"""What can be asked of a collection."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from gis_service.model.fields import Collection, Field

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
class ItemsQuery:
    """
    A page of a collection's items.

    Parameters
    ----------
    after
        The id of the last item of the page before; None for the first page.
    limit
        At most so many items.
    """

    collection: Collection
    limit: int
    bbox: BBox | None = None
    equals: tuple[Equals, ...] = ()
    after: UUID | None = None


@dataclass(frozen=True, slots=True)
class ItemsPage:
    """
    One page of items.

    Parameters
    ----------
    features
        GeoJSON features, comma-separated, without the brackets of an array.
    last_id
        Id of the last one when another page follows; else None.
    matched
        How many items match on all pages, exactly; None when they are too many to count.
    """

    features: bytes
    returned: int
    matched: int | None
    last_id: UUID | None


@dataclass(frozen=True, slots=True)
class CollectionExtent:
    """Box that holds a collection's items, and how many there are; box None when empty."""

    bbox: BBox | None
    items: int
