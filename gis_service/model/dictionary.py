"""The data dictionary: what each collection holds, as one reader may know it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gis_service.model.audience import (
    Audience,
    editable_fields,
    visible_collections,
    visible_fields,
    visible_geometry,
)
from gis_service.model.fields import Codelist, Collection, Field

COLUMNS = (
    "collection", "collection_en", "collection_sw", "field", "title_en", "title_sw", "type",
    "unit", "description_en", "description_sw", "required", "minimum", "maximum", "codelist",
    "references", "readers", "public_step", "filled_by",
)
"""Columns of the dictionary as a table."""
CODE_COLUMNS = ("codelist", "code", "title_en", "title_sw", "closed", "source")


@dataclass(frozen=True, slots=True)
class Entry:
    """
    One field of a collection.

    Parameters
    ----------
    readers
        `public` where everybody may see it, else `staff`.
    filled_by
        `people`, or `service` where nobody may write it.
    references
        The collection whose items it names, where the reader may know of that.
    """

    field: Field
    readers: str
    filled_by: str
    references: str | None


@dataclass(frozen=True, slots=True)
class Described:
    """A collection with its fields and geometry, as a reader may know them."""

    collection: Collection
    geometry: str | None
    entries: tuple[Entry, ...]


def dictionary(audience: Audience) -> tuple[Described, ...]:
    """Every collection that a reader may know of."""
    known = {each.id for each in visible_collections(audience)}
    return tuple(_described(each, audience, known) for each in visible_collections(audience))


def codelists(described: tuple[Described, ...]) -> tuple[Codelist, ...]:
    """The lists of codes that the fields name, each once, in the order of their names."""
    found = {
        entry.field.codelist.name: entry.field.codelist
        for each in described for entry in each.entries if entry.field.codelist is not None
    }
    return tuple(found[name] for name in sorted(found))


def rows(described: tuple[Described, ...]) -> Iterator[tuple[str, ...]]:
    """The dictionary as a table of `COLUMNS`; empty text where there is nothing to say."""
    for each in described:
        head = (each.collection.id, each.collection.title.en, each.collection.title.sw)
        for entry in each.entries:
            f = entry.field
            cells = (
                f.name, f.title.en, f.title.sw, f.type.value, f.unit, f.description.en,
                f.description.sw, "yes" if f.required else "no", f.minimum, f.maximum,
                f.codelist.name if f.codelist else None, entry.references, entry.readers,
                f.public_step, entry.filled_by,
            )
            yield (*head, *("" if cell is None else f"{cell}" for cell in cells))


def code_rows(lists: tuple[Codelist, ...]) -> Iterator[tuple[str, ...]]:
    """The codes as a table of `CODE_COLUMNS`."""
    for each in lists:
        closed = "yes" if each.closed else "no"
        for code in each:
            yield each.name, code.code, code.title.en, code.title.sw, closed, each.source


def _described(collection: Collection, audience: Audience, known: set[str]) -> Described:
    public = {f.name for f in visible_fields(collection, Audience.PUBLIC)}
    writable = {f.name for f in editable_fields(collection)}
    geometry = visible_geometry(collection, audience)
    return Described(
        collection,
        None if geometry is None else geometry.value,
        tuple(
            Entry(
                field,
                "public" if collection.public is not None and field.name in public else "staff",
                "people" if field.name in writable else "service",
                field.references if field.references in known else None,
            )
            for field in visible_fields(collection, audience)
        ),
    )
