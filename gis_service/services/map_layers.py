"""What the layers of maps show, as bytes: whole, in short, by pieces or as tiles; and coverage."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Connection

from gis_service.cartography.compact import compact_payload
from gis_service.cartography.definition import LayerDefinition, MapDefinition
from gis_service.cartography.layers import drawn_rows, layer_payload, lean_fields
from gis_service.coverage import coverage_by_ward
from gis_service.model.audience import Audience, visible_collections, visible_fields
from gis_service.model.collections import REGISTRY
from gis_service.model.coverage import CoverageTable
from gis_service.model.fields import Field
from gis_service.model.queries import BBox
from gis_service.model.tiles import Tile
from gis_service.services.large_layers import LargeLayers, large_overview
from gis_service.services.layer_archives import LayerArchives, write_archives
from gis_service.store.changes import Changes
from gis_service.store.database import Database
from gis_service.store.frames import read_frame
from gis_service.store.overview import can_be_outlined, is_larger

MOST_IN_BOX = 4_000

V = TypeVar("V")
_Coverage = tuple[CoverageTable | None, bool]
"""Coverage by ward, and whether outlines of wards are drawn roughly."""

Databases = Mapping[Audience, Database]
"""The database under the login of each audience."""


class MapLayers:
    """
    Data of the layers of maps, kept while it stands.

    Parameters
    ----------
    changes
        Tells what changed; None where nothing is to be kept.
    most_whole
        Items above which a layer is drawn from afar by tiles.
    """

    def __init__(
        self, databases: Databases, changes: Changes | None, *, most_whole: int
    ) -> None:
        self._databases = databases
        self._changes = changes
        self._most_whole = most_whole
        self._kept: dict[tuple[str, bool], tuple[object, Any]] = {}
        self._large = LargeLayers(changes)

    def tile(
        self, definition: MapDefinition, layer: LayerDefinition, audience: Audience, tile: Tile
    ) -> bytes:
        """A vector tile of the bare shapes of a large layer; NotFound where it has none."""
        fields = fields_of(definition, audience)[layer.collection]
        return self._large.tile(self._databases[audience], layer, fields, audience, tile)

    def served(
        self,
        definition: MapDefinition,
        layer: LayerDefinition,
        audience: Audience,
        *,
        short: bool,
    ) -> bytes:
        """All of a layer, as GeoJSON or in short; its overview where that would be too much."""
        collection = REGISTRY[layer.collection]
        if can_be_outlined(collection):
            with self._databases[audience].reading() as connection:
                if is_larger(connection, collection, audience, most=self._most_whole):
                    fields = fields_of(definition, audience)[layer.collection]
                    return self._while_it_stands(
                        f"{definition.id}/{collection.id}", (collection.id,), audience,
                        lambda: large_overview(connection, layer, fields, audience), of=layer,
                    )
        if short:
            return self.compact(definition, layer, audience)
        return self._made(layer_payload, definition, layer, audience)

    def part(
        self,
        definition: MapDefinition,
        layer: LayerDefinition,
        audience: Audience,
        *,
        box: BBox | None,
        id_: UUID | None,
    ) -> bytes:
        """The items of a layer in a box, or the one with an id, as GeoJSON."""
        collection = REGISTRY[layer.collection]
        fields = fields_of(definition, audience)[layer.collection]
        with self._databases[audience].reading() as connection:
            lean = (
                id_ is None and can_be_outlined(collection)
                and is_larger(connection, collection, audience, most=self._most_whole)
            )
            frame = read_frame(
                connection, collection, audience, box=box, id_=id_, most=MOST_IN_BOX,
                only=tuple(lean_fields(layer, fields)) if lean else None,
            )
            summary = None
            if layer.indicator:
                summary, _ = self.coverage(connection, definition, audience)
        return layer_payload(layer, frame, fields=fields, coverage=summary, lean=lean)

    def coverage(
        self, connection: Connection, definition: MapDefinition, audience: Audience
    ) -> _Coverage:
        """Coverage by ward, None where the map shows none; and whether wards are drawn roughly."""
        if definition.indicator_layer is None:
            return None, False
        return self._while_it_stands(
            "", ("wards", "offices"), audience, lambda: _coverage(connection, audience)
        )

    def _while_it_stands(
        self,
        name: str,
        collections: tuple[str, ...],
        audience: Audience,
        make: Callable[[], V],
        *,
        of: LayerDefinition | None = None,
    ) -> V:
        """What `make` makes, kept while neither the collections nor the layer's lines change."""
        if self._changes is None:
            return make()
        staff = audience.is_staff
        versions = [self._changes.version(id_, staff=staff) for id_ in collections]
        key = (of, self._changes.epoch, *versions)
        kept = self._kept.get((name, staff))
        if None not in versions and kept is not None and kept[0] == key:
            found: V = kept[1]
            return found
        found = make()
        if None not in versions:
            self._kept[name, staff] = key, found
        return found

    def compact(
        self, definition: MapDefinition, layer: LayerDefinition, audience: Audience
    ) -> bytes:
        """All of a layer in its short form, however much that is."""
        read = (layer.collection, *(("offices",) if layer.indicator else ()))
        return self._while_it_stands(
            f"{definition.id}/{layer.collection}/compact", read, audience,
            lambda: self._made(compact_payload, definition, layer, audience), of=layer,
        )

    def filed(
        self, definition: MapDefinition, layer: LayerDefinition, audience: Audience, folder: Path
    ) -> tuple[bytes, LayerArchives | None]:
        """
        What a page of files holds of a layer: all of it in short, or the overview of a large one.

        Tiles and items of a large one are written to `folder`.
        """
        collection = REGISTRY[layer.collection]
        with self._databases[audience].reading() as connection:
            if not can_be_outlined(collection) or not is_larger(
                connection, collection, audience, most=self._most_whole
            ):
                return self.compact(definition, layer, audience), None
            fields = fields_of(definition, audience)[layer.collection]
            overview = large_overview(connection, layer, fields, audience, lean=False)
            frame = drawn_rows(read_frame(connection, collection, audience))
        archives = write_archives(
            folder, collection.id, frame,
            shapes=lambda tile: self.tile(definition, layer, audience, tile),
            items=lambda rows: layer_payload(layer, rows, fields=fields),
        )
        return overview, archives

    def _made(
        self,
        make: Callable[..., bytes],
        definition: MapDefinition,
        layer: LayerDefinition,
        audience: Audience,
    ) -> bytes:
        fields = fields_of(definition, audience)[layer.collection]
        summary = None
        with self._databases[audience].reading() as connection:
            frame = read_frame(connection, REGISTRY[layer.collection], audience)
            if layer.indicator:
                summary, _ = self.coverage(connection, definition, audience)
        return make(layer, frame, fields=fields, coverage=summary)


def fields_of(definition: MapDefinition, audience: Audience) -> dict[str, tuple[Field, ...]]:
    """The fields that a reader may see, by collection, for the layers that it may see."""
    known = {c.id: c for c in visible_collections(audience)}
    return {
        layer.collection: visible_fields(known[layer.collection], audience)
        for layer in definition.layers
        if layer.collection in known
    }


def _coverage(connection: Connection, audience: Audience) -> _Coverage:
    wards = read_frame(connection, REGISTRY["wards"], audience)
    offices = read_frame(
        connection, REGISTRY["offices"], audience, only=("connection", "theme")
    )
    approximate = bool(wards["outline_approximate"].fillna(False).astype(bool).any())
    return coverage_by_ward(wards, offices), approximate
