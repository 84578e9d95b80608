"""Validators of caches, and answers that need no body."""

from __future__ import annotations

from tests.conformance.checker import Skip, check
from tests.conformance.service import GEOJSON, Service

_PLAIN = {"Accept": GEOJSON, "Accept-Encoding": "identity"}


@check("H1", "What did not change keeps its ETag, and another question has another one")
def stable(service: Service) -> None:
    for href in _tagged(service):
        tags = {service.request("GET", href, headers=_PLAIN).headers["etag"] for _ in range(3)}
        assert len(tags) == 1, href
    items = service.items_address(service.feature_collections[0])
    asked = (f"{items}?limit=1", f"{items}?limit=2", f"{items}?limit=2&skipGeometry=true")
    tags = {service.request("GET", href, headers=_PLAIN).headers.get("etag") for href in asked}
    assert len(tags) == len(asked), tags


@check("H2", "If-None-Match is answered with 304, the ETag and no body")
def not_modified(service: Service) -> None:
    for href in _tagged(service):
        tag = service.request("GET", href, headers=_PLAIN).headers["etag"]
        for sent in (tag, f'"other", {tag}', f"W/{tag.removeprefix('W/')}", "*"):
            answer = service.request("GET", href, headers=_PLAIN | {"If-None-Match": sent})
            assert answer.status_code == 304, f"{href}: {sent}"
            assert answer.headers["etag"] == tag
            assert not answer.content
        answer = service.request("GET", href, headers=_PLAIN | {"If-None-Match": '"other"'})
        assert answer.status_code == 200, href
        headed = service.request("HEAD", href, headers=_PLAIN | {"If-None-Match": tag})
        assert headed.status_code == 304, href


@check("H3", "A compressed answer says so, varies by Accept-Encoding, and a strong tag of its own")
def compressed(service: Service) -> None:
    href = service.items_address(service.feature_collections[0]) + "?limit=100"
    plain = service.request("GET", href, headers=_PLAIN)
    packed = service.request("GET", href, headers=_PLAIN | {"Accept-Encoding": "gzip"})
    assert "accept-encoding" in plain.headers["vary"].lower()
    if packed.headers.get("content-encoding") != "gzip":
        raise Skip("the service does not compress")
    assert packed.json()["features"] == plain.json()["features"]
    if not plain.headers["etag"].startswith("W/"):
        assert packed.headers["etag"] != plain.headers["etag"]


def _tagged(service: Service) -> list[str]:
    """Items and an item of each collection whose answers carry an ETag; there must be some."""
    found = []
    for collection in service.feature_collections:
        items = service.items_address(collection)
        features = service.page(collection, limit=1)["features"]
        for href in (f"{items}?limit=5", *(f"{items}/{f['id']}" for f in features)):
            if "etag" in service.request("GET", href, headers=_PLAIN).headers:
                found.append(href)
    assert found, "no answer carries an ETag"
    return found
