"""Links, and the addresses that they lead to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode, urlsplit
from uuid import UUID

from gis_service.ogc.media import Format

Pairs = Iterable[tuple[str, str]]

WEB_MERCATOR_QUAD = "WebMercatorQuad"
_OGC_REL = "http://www.opengis.net/def/rel/ogc/1.0/"
QUERYABLES_REL = f"{_OGC_REL}queryables"
SORTABLES_REL = f"{_OGC_REL}sortables"
SCHEMA_REL = f"{_OGC_REL}schema"
FUNCTIONS_REL = f"{_OGC_REL}functions"
TILESETS_REL = f"{_OGC_REL}tilesets-vector"
TILING_SCHEME_REL = f"{_OGC_REL}tiling-scheme"
TILING_SCHEMES_REL = f"{_OGC_REL}tiling-schemes"
PROCESSES_REL = f"{_OGC_REL}processes"
EXECUTE_REL = f"{_OGC_REL}execute"


@dataclass(frozen=True, slots=True)
class Link:
    """A link of an OGC document or of a GeoJSON object."""

    href: str
    rel: str
    type: str
    title: str | None = None
    hreflang: str | None = None
    templated: bool = False

    def document(self) -> dict[str, str | bool]:
        document: dict[str, str | bool] = {"href": self.href, "rel": self.rel, "type": self.type}
        if self.title is not None:
            document["title"] = self.title
        if self.hreflang is not None:
            document["hreflang"] = self.hreflang
        if self.templated:
            document["templated"] = True
        return document


def documents(links: Iterable[Link]) -> list[dict[str, str | bool]]:
    """The links as they stand in a JSON document."""
    return [link.document() for link in links]


def with_query(href: str, pairs: Pairs) -> str:
    """`href` with a query string; every pair keeps its `=`, even when the value is empty."""
    query = _encoded(pairs)
    return f"{href}?{query}" if query else href


def _encoded(pairs: Pairs) -> str:
    return urlencode(list(pairs), safe=",:/")


def representations(
    href: str, formats: Sequence[Format], current: Format, query: Sequence[tuple[str, str]] = ()
) -> list[Link]:
    """
    `self` as it was asked for, and an `alternate` for each other format.

    Parameters
    ----------
    query
        The parameters of the request, which the alternates keep except for `f`.
    """
    kept = _encoded((name, value) for name, value in query if name != "f")
    stem = f"{href}?{kept}&f=" if kept else f"{href}?f="
    links = [Link(with_query(href, query), "self", current.media_type, current.title)]
    links.extend(
        Link(stem + other.name, "alternate", other.media_type, other.title)
        for other in formats
        if other.media_type != current.media_type
    )
    return links


@dataclass(frozen=True, slots=True)
class Addresses:
    """
    Addresses of the service's resources.

    Parameters
    ----------
    base
        Address of the service without a trailing slash, from the settings and
        never from a request; a page, which may be reached by several names,
        takes only its path.
    lang
        The language that the addresses ask for; None leaves it to the reader's
        program.
    """

    base: str
    lang: str | None = None

    @property
    def path(self) -> str:
        """Path of the base: empty, or such as `/gis` behind a proxy that shares its host."""
        return urlsplit(self.base).path.rstrip("/")

    def to(self, path: str) -> str:
        """The address of a path below the base."""
        return with_query(self.base + path, self.language)

    @property
    def language(self) -> list[tuple[str, str]]:
        """The parameter by which addresses ask for the language."""
        return [("lang", self.lang)] if self.lang else []

    @property
    def landing(self) -> str:
        return self.to("/")

    @property
    def conformance(self) -> str:
        return self.to("/conformance")

    @property
    def api(self) -> str:
        return self.to("/api")

    @property
    def api_page(self) -> str:
        return self.to("/api.html")

    @property
    def collections(self) -> str:
        return self.to("/collections")

    @property
    def processes(self) -> str:
        return self.to("/processes")

    def process(self, process_id: str) -> str:
        return self.to(f"/processes/{process_id}")

    def execution(self, process_id: str) -> str:
        return self.to(f"/processes/{process_id}/execution")

    @property
    def maps(self) -> str:
        return self.to("/maps")

    @property
    def search(self) -> str:
        return self.to("/search")

    def map(self, name: str) -> str:
        return self.to(f"/maps/{quote(name, safe='')}")

    def printed_map(self, name: str, suffix: str) -> str:
        return self.to(f"/maps/{quote(name, safe='')}/print.{suffix}")

    def collection(self, collection_id: str) -> str:
        return self.to(f"/collections/{collection_id}")

    def queryables(self, collection_id: str) -> str:
        return self.to(f"/collections/{collection_id}/queryables")

    def sortables(self, collection_id: str) -> str:
        return self.to(f"/collections/{collection_id}/sortables")

    def schema(self, collection_id: str) -> str:
        return self.to(f"/collections/{collection_id}/schema")

    @property
    def functions(self) -> str:
        return self.to("/functions")

    def tiles(self, collection_id: str | None = None) -> str:
        """The tilesets of a collection, or of several collections together."""
        below = "" if collection_id is None else f"/collections/{collection_id}"
        return self.to(f"{below}/tiles")

    def tileset(self, collection_id: str | None = None) -> str:
        return f"{self.tiles(collection_id)}/{WEB_MERCATOR_QUAD}"

    def tile_matrix_set(self) -> str:
        return self.to(f"/tileMatrixSets/{WEB_MERCATOR_QUAD}")

    @property
    def tile_matrix_sets(self) -> str:
        return self.to("/tileMatrixSets")

    @property
    def style(self) -> str:
        return self.to("/styles/network.json")

    def items(self, collection_id: str) -> str:
        return self.to(f"/collections/{collection_id}/items")

    def nearest(self, collection_id: str) -> str:
        return self.to(f"/collections/{collection_id}/nearest")

    def item(self, collection_id: str, item_id: UUID | str) -> str:
        return self.to(f"/collections/{collection_id}/items/{item_id}")
