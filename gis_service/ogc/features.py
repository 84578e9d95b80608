"""Links around the features that the database has finished."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import orjson

from gis_service.model.queries import ItemsPage
from gis_service.ogc.links import Link, documents


def feature_collection(page: ItemsPage, links: Iterable[Link], *, at: datetime) -> bytes:
    """
    A GeoJSON FeatureCollection of one page.

    Parameters
    ----------
    at
        When the page was read; written in UTC.
    """
    start = b'{"type":"FeatureCollection","features":['
    return start + page.features + b"]" + after_features(page, links, at=at)


def after_features(page: ItemsPage, links: Iterable[Link], *, at: datetime) -> bytes:
    """What stands in a FeatureCollection after the array of its features."""
    rest: dict[str, object] = {"links": documents(links), "timeStamp": _utc(at)}
    if page.matched is not None:
        rest["numberMatched"] = page.matched
    elif page.estimate is not None:
        rest["numberMatchedEstimate"] = page.estimate
    rest["numberReturned"] = page.returned
    return b"," + orjson.dumps(rest)[1:]


def feature(finished: bytes, links: Iterable[Link]) -> bytes:
    """A finished GeoJSON Feature with links added to it."""
    body = finished.rstrip()
    if not body.endswith(b"}"):
        raise ValueError("a finished feature ends with a closing brace")
    return body[:-1] + b',"links":' + orjson.dumps(documents(links)) + b"}"


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
