"""What a search found, as GeoJSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from gis_service.model.fields import Language
from gis_service.model.hits import Hit
from gis_service.ogc.links import Addresses, Link, documents
from gis_service.ogc.media import GEOJSON

Document = dict[str, Any]


def hits(
    found: Sequence[Hit], language: Language, at: Addresses, *, links: Iterable[Link]
) -> Document:
    """A FeatureCollection of points; `geometry` is null where a hit has no position."""
    return {
        "type": "FeatureCollection",
        "features": [_feature(hit, language, at) for hit in found],
        "links": documents(links),
        "numberReturned": len(found),
    }


def _feature(hit: Hit, language: Language, at: Addresses) -> Document:
    title = hit.collection.title[language]
    href = address(hit, at)
    return {
        "type": "Feature",
        "id": hit.collection.id if hit.id is None else f"{hit.collection.id}/{hit.id}",
        "geometry": hit.position,
        "properties": {
            "collection": hit.collection.id,
            "collection_title": title,
            "item": None if hit.id is None else str(hit.id),
            "label": title if hit.label is None else hit.label,
            "score": round(hit.score, 4),
            "href": href,
        },
        "links": documents([Link(href, "item", GEOJSON.media_type)]),
    }


def address(hit: Hit, at: Addresses) -> str:
    """Where a hit leads to."""
    if hit.id is None:
        return at.items(hit.collection.id)
    return at.item(hit.collection.id, hit.id)
