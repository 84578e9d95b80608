"""Maps: from a definition and the rows that the reader may see to a page."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import geopandas as gpd
from sqlalchemy import Connection

from gis_service.cartography.assets import hashed_name
from gis_service.cartography.basemap import Basemap, OnlineBasemap, OwnBasemap, VectorBasemap
from gis_service.cartography.definition import LayerDefinition, MapDefinition, read_definitions
from gis_service.cartography.desk import Desk, Phase
from gis_service.cartography.layers import data_script
from gis_service.cartography.rendering import (
    Account,
    NavLink,
    PageLinks,
    RenderedMap,
    render_map,
)
from gis_service.errors import NotFound
from gis_service.formats.basemap_tiles import BasemapTiles
from gis_service.model.audience import Audience, Principal
from gis_service.model.collections import REGISTRY
from gis_service.model.coverage import CoverageTable
from gis_service.model.fields import LANGUAGES, Language
from gis_service.model.queries import BBox
from gis_service.model.tiles import Tile
from gis_service.services.layer_archives import LayerArchives
from gis_service.services.map_layers import Databases, MapLayers, fields_of
from gis_service.services.map_links import (
    folder_links,
    page_name,
    process_addresses,
    served_links,
)
from gis_service.services.toolboxes import toolbox_of
from gis_service.settings import Settings
from gis_service.store.changes import Changes
from gis_service.store.frames import is_synthetic, read_frame


@dataclass(frozen=True, slots=True)
class _Facts:
    """What a page says of its data beside the map itself, and what staff can choose of it."""

    summary: CoverageTable | None
    synthetic: bool
    approximate: bool
    phases: tuple[Phase, ...] = ()
    scenarios: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MapContents:
    """
    The rows of a map for one reader.

    Parameters
    ----------
    frames
        By collection, in EPSG:4326, with the columns that the reader may see.
    summary
        What areas are coloured by; None where nothing is.
    scenarios
        Names of the scenarios by id, for readers who may know of them.
    """

    frames: Mapping[str, gpd.GeoDataFrame]
    summary: CoverageTable | None
    synthetic: bool
    approximate: bool
    scenarios: Mapping[str, str] = field(default_factory=dict)


class Maps:
    """
    The maps that `maps/` defines, for each reader.

    Parameters
    ----------
    tiles
        The administrator's basemap.
    """

    def __init__(
        self,
        databases: Databases,
        settings: Settings,
        changes: Changes | None = None,
        *,
        tiles: BasemapTiles | None = None,
    ) -> None:
        self._tiles = tiles
        self._databases = databases
        self._settings = settings
        self._layers = MapLayers(databases, changes, most_whole=settings.map_whole)

    def definitions(self, principal: Principal) -> tuple[MapDefinition, ...]:
        """Every map that the reader may see, by file name."""
        found = read_definitions(self._settings.maps)
        return tuple(d for d in found.values() if principal.audience.includes(d.audience))

    def definition(self, name: str, principal: Principal) -> MapDefinition:
        """
        One map's definition.

        Raises
        ------
        NotFound
            There is none of that name, or the reader may not see it.
        """
        for definition in self.definitions(principal):
            if definition.id == name:
                return definition
        raise NotFound(f"There is no map {name!r}.")

    async def page(
        self,
        name: str,
        principal: Principal,
        language: Language,
        *,
        account: Account | None = None,
        nav: tuple[NavLink, ...] = (),
    ) -> RenderedMap:
        """A map's page, with today's numbers beside it."""
        definition = self.definition(name, principal)
        facts = await asyncio.to_thread(self._facts, definition, principal.audience)
        return self._rendered(
            definition, principal.audience, language, facts, account=account, nav=nav
        )

    async def file(
        self, name: str, file: str, language: Language, principal: Principal
    ) -> bytes:
        """
        A script or style of a map; none of them holds data.

        Raises
        ------
        NotFound
            The map has no file of that name.
        """
        definition = self.definition(name, principal)
        nothing = _Facts(summary=None, synthetic=False, approximate=False)
        for each in (language, *LANGUAGES):
            rendered = self._rendered(definition, principal.audience, each, nothing)
            if file in rendered.files:
                return rendered.files[file]
        raise NotFound(f"The map {name} has no file {file!r}.")

    async def layer(
        self,
        name: str,
        layer: str,
        principal: Principal,
        *,
        box: BBox | None = None,
        id_: UUID | None = None,
    ) -> bytes:
        """
        What one layer shows, as GeoJSON: all of it, or an overview of more than `map_whole`.

        Parameters
        ----------
        box, id_
            Only the items in a box, `MOST_IN_BOX` at most and those of a large layer
            without what is not drawn, or the one with this id.

        Raises
        ------
        NotFound
            The map has no such layer for this reader.
        """
        definition, each = self._layer(name, layer, principal)
        if box is not None or id_ is not None:
            return await asyncio.to_thread(
                self._layers.part, definition, each, principal.audience, box=box, id_=id_
            )
        return await asyncio.to_thread(
            self._layers.served, definition, each, principal.audience, short=False
        )

    async def compact(self, name: str, layer: str, principal: Principal) -> bytes:
        """
        All that one layer shows in its short form, or its overview as `layer` has it.

        Raises
        ------
        NotFound
            The map has no such layer for this reader.
        """
        definition, each = self._layer(name, layer, principal)
        return await asyncio.to_thread(
            self._layers.served, definition, each, principal.audience, short=True
        )

    async def tile(self, name: str, layer: str, tile: Tile, principal: Principal) -> bytes:
        """
        A vector tile of bare shapes, by which the map draws a large layer from afar.

        Raises
        ------
        NotFound
            The map has no such layer for this reader, or it has no such tile.
        """
        definition, each = self._layer(name, layer, principal)
        return await asyncio.to_thread(
            self._layers.tile, definition, each, principal.audience, tile
        )

    def _layer(
        self, name: str, layer: str, principal: Principal
    ) -> tuple[MapDefinition, LayerDefinition]:
        definition = self.definition(name, principal)
        for each in definition.layers:
            if each.collection == layer and layer in fields_of(definition, principal.audience):
                return definition, each
        raise NotFound(f"The map {name} has no layer {layer!r}.")

    def contents(self, definition: MapDefinition, audience: Audience) -> MapContents:
        """The rows that a map shows, read at one moment."""
        with self._databases[audience].reading() as connection:
            frames = {
                collection: read_frame(connection, REGISTRY[collection], audience)
                for collection in fields_of(definition, audience)
            }
            summary, approximate = self._layers.coverage(connection, definition, audience)
            synthetic = is_synthetic(connection, audience)
            scenarios = _plans(connection, audience)[1] if audience.is_staff else {}
        return MapContents(frames, summary, synthetic, approximate, scenarios)

    def build(
        self,
        name: str,
        audience: Audience,
        out: Path,
        *,
        above: str | None = None,
        publication: Mapping[Language, str] | None = None,
    ) -> Path:
        """
        Write a map as a folder that any web host serves, or that opens from a disk.

        Parameters
        ----------
        above
            Where the pages lie that this map belongs to, relative to its own; None for none.
        publication
            What each page says of the publication whose data it shows.

        Returns
        -------
        Path
            The folder; it holds `index.html` (the first language), a page for
            each other language, and what they need. An older one is replaced
            as a whole.
        """
        definition = self.definition(name, Principal(audience))
        facts = self._facts(definition, audience)
        draft = out / f".{name}.new"
        shutil.rmtree(draft, ignore_errors=True)
        (draft / "assets").mkdir(parents=True)
        (draft / "data").mkdir()
        data, archives = self._write_data(definition, audience, draft / "data")
        for language in LANGUAGES:
            rendered = self._rendered(
                definition, audience, language, facts,
                folder=folder_links(language, above, data, archives),
                publication=(publication or {}).get(language, ""),
            )
            (draft / page_name(language)).write_text(rendered.html, encoding="utf-8")
            for file, content in rendered.files.items():
                (draft / "assets" / file).parent.mkdir(parents=True, exist_ok=True)
                (draft / "assets" / file).write_bytes(content)
        final = out / name
        shutil.rmtree(final, ignore_errors=True)
        draft.rename(final)
        return final

    def _write_data(
        self, definition: MapDefinition, audience: Audience, folder: Path
    ) -> tuple[dict[str, str], dict[str, LayerArchives]]:
        """Write what each layer shows; names of the files, which change with their content."""
        names, archives = {}, {}
        known = fields_of(definition, audience)
        for layer in definition.layers:
            if layer.collection in known:
                payload, written = self._layers.filed(definition, layer, audience, folder)
                if written is not None:
                    archives[layer.collection] = written
                script = data_script(layer.collection, payload)
                names[layer.collection] = hashed_name(f"{layer.collection}.js", script)
                (folder / names[layer.collection]).write_bytes(script)
        return names, archives

    def _rendered(
        self,
        definition: MapDefinition,
        audience: Audience,
        language: Language,
        facts: _Facts,
        *,
        account: Account | None = None,
        nav: tuple[NavLink, ...] = (),
        folder: PageLinks | None = None,
        publication: str = "",
    ) -> RenderedMap:
        settings = self._settings
        prefix = urlsplit(settings.public_base_url).path.rstrip("/")
        links = folder or served_links(
            prefix, definition, language, compact=not audience.is_staff
        )
        desk = None
        if audience.is_staff and not folder:
            desk = Desk(
                process_addresses(prefix, audience), facts.phases, facts.scenarios,
                toolbox_of(definition, audience, prefix),
            )
        return render_map(
            definition,
            language=language,
            fields=fields_of(definition, audience),
            links=replace(links, account=account, nav=nav),
            municipality=settings.municipality,
            summary=facts.summary,
            as_of=_today(),
            synthetic=facts.synthetic,
            approximate=facts.approximate,
            publication=publication,
            basemap=self._basemap(prefix, folder=folder is not None),
            desk=desk,
        )

    def _basemap(self, prefix: str, *, folder: bool) -> Basemap | None:
        """The administrator's file, else the provider that settings name; a folder has no file."""
        settings, tiles = self._settings, self._tiles
        if tiles is not None and not folder:
            url = f"{prefix}/basemap/{{z}}/{{x}}/{{y}}?v={tiles.stamp}"
            credit = settings.basemap_attribution or tiles.attribution
            if tiles.is_vector:
                return VectorBasemap(url, credit, tiles.bounds, tiles.zooms, tiles.layers)
            return OwnBasemap(url, credit, tiles.bounds, tiles.zooms)
        if settings.basemap_url:
            return OnlineBasemap(settings.basemap_url, settings.basemap_attribution)
        return None

    def _facts(self, definition: MapDefinition, audience: Audience) -> _Facts:
        with self._databases[audience].reading() as connection:
            summary, approximate = self._layers.coverage(connection, definition, audience)
            facts = _Facts(summary, is_synthetic(connection, audience), approximate)
            if definition.scenarios and audience.is_staff:
                phases, scenarios = _plans(connection, audience)
                facts = replace(facts, phases=phases, scenarios=scenarios)
            return facts

def _plans(
    connection: Connection, audience: Audience
) -> tuple[tuple[Phase, ...], dict[str, str]]:
    """The phases that have an end, by it, and names of the scenarios by id."""
    phases = read_frame(connection, REGISTRY["phases"], audience)
    ended = phases[phases["ends_on"].notna()].sort_values(["ends_on", "name"])
    scenarios = read_frame(connection, REGISTRY["scenarios"], audience).sort_values("name")
    return (
        tuple(Phase(row.name, row.ends_on) for row in ended.itertuples(index=False)),
        dict(scenarios["name"].items()),
    )


def _today() -> date:
    return datetime.now(UTC).date()


