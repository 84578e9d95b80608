"""The public's site as a folder: pages, map, data, tiles and catalogue, for any web host."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import orjson

from gis_service.cartography.assets import hashed_name, icon_path, own_file
from gis_service.cartography.public_page import PublicLinks, public_context, ward_context
from gis_service.cartography.rendering import NavLink
from gis_service.cartography.templates import template
from gis_service.cartography.wording import wording
from gis_service.errors import ExportFailed, InvalidInput
from gis_service.model.audience import PUBLIC, Audience, visible_collections
from gis_service.model.days import day_of
from gis_service.model.exports import Export, ExportFormat
from gis_service.model.fields import LANGUAGES, Collection, Language, Text
from gis_service.model.locales import long_date, number
from gis_service.model.public import PublicFacts
from gis_service.model.publications import Publication
from gis_service.model.queries import ItemsQuery
from gis_service.ogc import dcat
from gis_service.ogc.documents import service_description, service_title
from gis_service.ogc.media import CSV, GEOJSON, GEOPACKAGE, PMTILES, Format
from gis_service.services.archive import Archive
from gis_service.services.exports import Exports
from gis_service.services.features import Features
from gis_service.services.map_links import page_name
from gis_service.services.maps import Maps
from gis_service.services.public import PublicSite
from gis_service.services.site_files import (
    MANIFEST,
    pack_geopackage,
    read_manifest,
    write_manifest,
)
from gis_service.settings import Settings

STYLES = ("gis.css", "public.css", "icon.svg")
ZOOMS = range(13)
POLICY = "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'"
"""Of pages that have neither script nor form; the map's folder has its own."""
SUFFIXES = {GEOJSON: "geojson", CSV: "csv", GEOPACKAGE: "gpkg.zip"}
TILES = "data/network.pmtiles"


@dataclass(frozen=True, slots=True)
class WrittenSite:
    """What was written."""

    folder: Path
    files: int
    size: int


class PublicExport:
    """
    Writes what everybody may see as files that need no service.

    Every part of it reads under the public's login. All of it names the last
    publication, as the archive of its tiles does.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        site: PublicSite,
        maps: Maps,
        exports: Exports,
        archive: Archive,
        features: Features,
    ) -> None:
        self._site = site
        self._maps = maps
        self._exports = exports
        self._archive = archive
        self._features = features
        self._settings = settings
        self.publication = archive.publication

    async def write(self, out: Path, tell: Callable[[str], None]) -> WrittenSite:
        """
        Write the folder; an older one of ours gives way when the new one is whole.

        Parameters
        ----------
        tell
            Is told each step.

        Raises
        ------
        InvalidInput
            There is something in the folder that we did not write, or nothing to write.
        ExportFailed
            It could not be written.
        Unavailable
            The database does not answer.
        """
        check_ours(out)
        draft = out.with_name(f".{out.name}.{os.getpid()}.new")
        try:
            shutil.rmtree(draft, ignore_errors=True)
            draft.mkdir(parents=True)
            await self._fill(draft, tell)
            _swap(draft, out)
        except OSError as error:
            raise ExportFailed(
                f"{out} could not be written: {error.strerror or error}."
            ) from error
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        sizes = [path.stat().st_size for path in out.rglob("*") if path.is_file()]
        return WrittenSite(out, len(sizes), sum(sizes))

    async def _fill(self, draft: Path, tell: Callable[[str], None]) -> None:
        facts = await self._site.facts()
        known = visible_collections(PUBLIC.audience)
        (draft / "data").mkdir()
        for collection in known:
            tell(f"data of {collection.id}")
            for file in _formats(collection):
                await self._write_items(collection, file, draft / _data_path(collection, file))
        tell("tiles")
        with (draft / TILES).open("wb") as archive:
            await self._archive.write(
                archive, self._archive.layers(()), zooms=ZOOMS, tell=lambda *_places: None
            )
        maps = self._maps.definitions(PUBLIC)
        published = {each: publication_words(self.publication, each) for each in LANGUAGES}
        for each in maps:
            tell(f"map {each.id}")
            self._maps.build(
                each.id, Audience.PUBLIC, draft / "maps", above="../../", publication=published
            )
        tell("pages")
        (draft / "assets").mkdir()
        for name in STYLES:
            (draft / _asset(name)).write_bytes(own_file(name))
        await self._write_pages(draft, facts, maps[0].id if maps else None)
        (draft / "catalog.jsonld").write_bytes(await self._catalog(draft, facts, known))
        write_manifest(draft, facts.as_of, self.publication)

    async def _write_items(self, collection: Collection, file: Format, path: Path) -> None:
        query = ItemsQuery(collection, 1)
        download = await self._exports.open(Export(query, ExportFormat(file.name)), PUBLIC)
        try:
            with path.open("wb") as out:
                async for data in download.chunks():
                    out.write(data)
        finally:
            await download.close()
        if file is GEOPACKAGE:
            pack_geopackage(path, collection.id)

    async def _write_pages(self, draft: Path, facts: PublicFacts, map_id: str | None) -> None:
        names = ward_names(facts)
        (draft / "wards").mkdir()
        picture = await self._site.picture()
        for language in LANGUAGES:
            links = self._links(draft, names, map_id, language, above="")
            context = public_context(facts, picture, links, language)
            pages = {each: page_name(each) for each in LANGUAGES}
            text = self._page("public.html", language, pages, above="", context=context)
            (draft / page_name(language)).write_text(text, encoding="utf-8")
        for code, name in names.items():
            offices = await self._site.offices(code)
            drawn = await self._site.ward_picture(code)
            for language in LANGUAGES:
                links = self._links(draft, names, map_id, language, above="../")
                context = ward_context(
                    code, facts, links, language, offices=offices, picture=drawn
                )
                pages = {each: _ward_file(name, each) for each in LANGUAGES}
                text = self._page("public_ward.html", language, pages, above="../", context=context)
                (draft / "wards" / pages[language]).write_text(text, encoding="utf-8")

    def _links(
        self, draft: Path, names: dict[str, str], map_id: str | None, language: Language, *,
        above: str,
    ) -> PublicLinks:
        words, base = wording(language), self._settings.base_url
        data = [
            (each.title[language], tuple(
                _file_link(draft, _data_path(each, file), file.title, above, language)
                for file in _formats(each)
            ))
            for each in visible_collections(PUBLIC.audience)
        ]
        data.append((
            words["data_tiles"], (_file_link(draft, TILES, PMTILES.title, above, language),)
        ))
        return PublicLinks(
            home=above + page_name(language),
            ward=lambda code: f"{above}wards/{_ward_file(names[code], language)}",
            map=f"{above}maps/{map_id}/{page_name(language)}" if map_id else None,
            catalog=f"{above}catalog.jsonld",
            report=f"{base.rstrip('/')}/report?lang={language}" if base else None,
            data=tuple(data),
        )

    def _page(
        self, name: str, language: Language, pages: dict[Language, str], *, above: str,
        context: dict[str, object],
    ) -> str:
        return template(name).render(
            language=language,
            t=wording(language),
            number=lambda value: number(value, language),
            icon=icon_path,
            municipality=self._settings.municipality,
            home=above + page_name(language),
            nav=(),
            languages=pages,
            stylesheets=[above + _asset(each) for each in STYLES if each.endswith(".css")],
            stylesheets_beside=(),
            icon_href=above + _asset("icon.svg"),
            policy=POLICY,
            scripts=(),
            finding=None,
            embed=None,
            licence=NavLink(*self._settings.licence_parts),
            publication=publication_words(self.publication, language),
            **context,
        )

    async def _catalog(
        self, draft: Path, facts: PublicFacts, known: tuple[Collection, ...]
    ) -> bytes:
        place = self._settings.municipality
        datasets = [
            dcat.dataset_of(
                each, (_distribution(draft, _data_path(each, file), file) for file in
                       _formats(each))
            )
            for each in known
        ]
        tiles = Text(*(wording(each)["data_tiles"] for each in LANGUAGES))
        datasets.append(
            dcat.Dataset("tiles", tiles, tiles, (_distribution(draft, TILES, PMTILES),))
        )
        base = self._settings.base_url
        return orjson.dumps(dcat.catalog(
            "catalog.jsonld",
            datasets,
            title=Text(*(service_title(place, each) for each in LANGUAGES)),
            description=Text(*(service_description(place, each) for each in LANGUAGES)),
            publisher=place,
            licence=self._settings.licence_parts[1],
            day=facts.as_of,
            publication=self.publication,
            page=page_name(LANGUAGES[0]),
            bbox=await self._features.bbox(known, PUBLIC),
            service=f"{base.rstrip('/')}/" if base else None,
        ))


def _asset(name: str) -> str:
    return f"assets/{hashed_name(name, own_file(name))}"


def check_ours(out: Path) -> None:
    """
    See that a folder may be written: it is absent, empty, or holds what we wrote and no more.

    Raises
    ------
    InvalidInput
        It holds something else.
    """
    if not out.exists():
        return
    if not out.is_dir():
        raise InvalidInput(f"{out} is no folder. Name another one.")
    found = {path.relative_to(out).as_posix() for path in out.rglob("*") if not path.is_dir()}
    if not found:
        return
    manifest = out / MANIFEST
    told = read_manifest(manifest.read_bytes()) if manifest.is_file() else None
    ours = set() if told is None else {MANIFEST, *told}
    if foreign := sorted(found - ours):
        listed = ", ".join(foreign[:3]) + (" and more" if len(foreign) > 3 else "")
        raise InvalidInput(
            f"{out} holds what `gis maps build` did not write ({listed}), and would be replaced "
            "as a whole. Name another folder, or move that away. Nothing was changed."
        )


def ward_names(facts: PublicFacts) -> dict[str, str]:
    """Names of the wards' files by code; each is one of its own whatever the codes hold."""
    names: dict[str, str] = {}
    for ward in facts.table.wards:
        plain = re.sub(r"[^A-Za-z0-9]+", "-", ward.code).strip("-").lower() or "ward"
        name, number_ = plain, 1
        while name in names.values():
            number_ += 1
            name = f"{plain}-{number_}"
        names[ward.code] = name
    return names


def _swap(draft: Path, out: Path) -> None:
    """The new folder in the place of the old one, which stays until the new one stands."""
    old = out.with_name(f".{out.name}.{os.getpid()}.old")
    if out.exists():
        out.rename(old)
    try:
        draft.rename(out)
    except OSError:
        if old.exists():
            old.rename(out)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _formats(collection: Collection) -> tuple[Format, ...]:
    """GeoPackages where there are places: others are tables."""
    rule = collection.public
    placed = collection.geometry is not None and rule is not None and rule.geometry != "none"
    return (GEOJSON, CSV, GEOPACKAGE) if placed else (GEOJSON, CSV)


def _data_path(collection: Collection, file: Format) -> str:
    return f"data/{collection.id}.{SUFFIXES[file]}"


def _ward_file(name: str, language: Language) -> str:
    return f"{name}.html" if language == LANGUAGES[0] else f"{name}.{language}.html"


def _file_link(draft: Path, path: str, title: str, above: str, language: Language) -> NavLink:
    size_kb = max(1, round((draft / path).stat().st_size / 1000))
    return NavLink(f"{title}, {number(size_kb, language)} kB", above + path)


def _distribution(draft: Path, path: str, file: Format) -> dcat.Distribution:
    content = (draft / path).read_bytes()
    return dcat.Distribution(file, path, len(content), hashlib.sha256(content).hexdigest())


def publication_words(publication: Publication | None, language: Language) -> str:
    """What pages say of the last publication; nothing where there was none."""
    if publication is None:
        return ""
    words = wording(language)
    told = words["publication"].format(
        number=number(publication.number, language),
        date=long_date(day_of(publication.published_at), language),
    )
    return f"{told} {words['publication_moved_on']}" if publication.moved_on else told
