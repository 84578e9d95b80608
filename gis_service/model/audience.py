"""Who reads, and which fields of a collection they may see."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gis_service.errors import UnknownCollection, UnknownProperty
from gis_service.model.collections import REGISTRY, SYSTEM_FIELDS
from gis_service.model.fields import Collection, Field, FieldType, GeometryType, Text


class Audience(StrEnum):
    """Readers, from the one who sees least to the one who sees most."""

    PUBLIC = "public"
    TECHNICIAN = "technician"
    PLANNER = "planner"
    ADMIN = "admin"

    @property
    def is_staff(self) -> bool:
        return self is not Audience.PUBLIC

    def includes(self, other: Audience) -> bool:
        """Whether this reader may see all that `other` may see."""
        ranks = list(Audience)
        return ranks.index(self) >= ranks.index(other)


@dataclass(frozen=True, slots=True)
class Principal:
    """
    Who asks; passed down as a value with every request.

    Parameters
    ----------
    person_id
        The person, by the opaque id that history keeps.
    key_id
        The key that was shown, itself or by a session.
    ward
        Code of the ward that the key is meant for; None for all.
    scope
        Number of the scope that the key is held to; None for the whole installation.
    """

    audience: Audience
    person_id: str | None = None
    key_id: str | None = None
    ward: str | None = None
    scope: int | None = None


PUBLIC = Principal(Audience.PUBLIC)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who changes something, and by which request: what history writes beside the change."""

    person_id: str | None = None
    request_id: str | None = None

EXTERNAL_ID = Field(
    "external_id",
    FieldType.TEXT,
    Text("Identifier", "Kitambulisho"),
    Text("The item's identifier in the files it comes from.",
         "Kitambulisho cha kitu katika faili zake."),
    searchable=True,
)
NETWORK = Field(
    "network",
    FieldType.REFERENCE,
    Text("Network", "Mtandao"),
    Text("The network that the item belongs to.", "Mtandao ambao kitu ni chake."),
    references="networks",
)


def visible_collections(audience: Audience) -> tuple[Collection, ...]:
    """The collections that a reader may know of."""
    return tuple(c for c in REGISTRY.values() if audience.is_staff or c.public is not None)


def visible_collection(id_: str, audience: Audience) -> Collection:
    """The collection called `id_`, for this reader; raises `UnknownCollection`."""
    visible = {c.id: c for c in visible_collections(audience)}
    if id_ not in visible:
        raise UnknownCollection(id_, known=visible)
    return visible[id_]


def visible_fields(collection: Collection, audience: Audience) -> tuple[Field, ...]:
    """The fields that a reader may see, in the order in which they are declared."""
    if not audience.is_staff:
        return collection.public_fields
    key = (EXTERNAL_ID,) if collection.key == EXTERNAL_ID.name else ()
    network = (NETWORK,) if collection.networked else ()
    return (*key, *collection.fields, *network, *SYSTEM_FIELDS)


def visible_field(collection: Collection, name: str, audience: Audience) -> Field:
    """
    The field called `name`.

    Raises
    ------
    UnknownProperty
        There is none, or this reader may not know of it: the two look alike.
    """
    fields = visible_fields(collection, audience)
    for field in fields:
        if field.name == name:
            return field
    raise UnknownProperty(name, collection=collection.id, known=(f.name for f in fields))


def visible_geometry(collection: Collection, audience: Audience) -> GeometryType | None:
    """The geometry that a reader sees of a collection's items; None when it sees none."""
    rule = collection.public
    hidden = not audience.is_staff and (rule is None or rule.geometry == "none")
    return None if hidden else collection.geometry


def editable_fields(collection: Collection) -> tuple[Field, ...]:
    """The fields of an item that its editor may fill: the key, the writable ones, visibility."""
    key = (EXTERNAL_ID,) if collection.key == EXTERNAL_ID.name else ()
    network = (NETWORK,) if collection.networked else ()
    visibility = tuple(f for f in SYSTEM_FIELDS if f.name == "visibility")
    return (*key, *collection.writable_fields, *network, *visibility)
