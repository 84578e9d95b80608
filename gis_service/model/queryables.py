"""What a reader can ask a collection by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gis_service.errors import InvalidParameter, UnknownProperty
from gis_service.model.audience import Audience, visible_fields, visible_geometry
from gis_service.model.fields import Collection, Field, FieldType, GeometryType, Text
from gis_service.model.filters import KINDS

GEOMETRY = "geometry"
"""The name of an item's geometry, as GeoJSON has it."""
GEOMETRY_TITLE = Text("Place", "Mahali")

ID = Field(
    "id",
    FieldType.REFERENCE,
    Text("Id", "Kitambulisho cha kipekee"),
    Text("The item's id, unique and never changed.",
         "Kitambulisho cha kitu, cha pekee na kisichobadilika."),
)


@dataclass(frozen=True, slots=True)
class Queryables:
    """
    What one reader can ask a collection by.

    Parameters
    ----------
    fields
        The id and the properties that can be compared, by name.
    objects
        Names of visible properties that cannot be asked by.
    geometry
        The geometry that the reader sees; None when it sees none.
    """

    collection: Collection
    fields: Mapping[str, Field]
    objects: frozenset[str]
    geometry: GeometryType | None

    @property
    def names(self) -> tuple[str, ...]:
        return (*self.fields, *([GEOMETRY] if self.geometry else ()))

    def field(self, name: str) -> Field:
        """
        The field called `name`.

        Raises
        ------
        UnknownProperty
            There is none, or this reader may not know of it: the two look alike.
        InvalidParameter
            It holds an object.
        """
        if name in self.objects:
            raise InvalidParameter("filter", name, f"{name} holds an object; ask by another")
        if name not in self.fields:
            raise UnknownProperty(name, collection=self.collection.id, known=self.names)
        return self.fields[name]


def queryables_of(collection: Collection, audience: Audience) -> Queryables:
    """What this audience can ask a collection by."""
    fields = visible_fields(collection, audience)
    return Queryables(
        collection,
        {f.name: f for f in (ID, *fields) if f.type in KINDS},
        frozenset(f.name for f in fields if f.type not in KINDS),
        visible_geometry(collection, audience),
    )
