"""The service as a client meets it: requests, links and the API's own description."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit, urlunsplit

import httpx

JSON = "application/json"
GEOJSON = "application/geo+json"
HTML = "text/html"
OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
CORE = "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core"

MOST_COLLECTIONS = 20
PAGE = 10

Document = dict[str, Any]


class Service:
    """
    A service under test.

    Parameters
    ----------
    address
        Of the landing page, with or without a trailing slash.
    writable
        Whether items may be made, changed and deleted to try it.
    """

    def __init__(self, address: str, client: httpx.Client, *, writable: bool = False) -> None:
        self.address = address
        self.client = client
        self.writable = writable

    def request(self, method: str, href: str, **options: Any) -> httpx.Response:
        return self.client.request(method, href, **options)

    def get(self, href: str, *, accept: str = JSON, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.request("GET", self.resolved(href), headers={"Accept": accept, **named})

    def document(self, href: str, *, accept: str = JSON) -> Document:
        answer = self.get(href, accept=accept)
        assert answer.status_code == 200, f"{href}: {answer.status_code} {answer.text[:200]}"
        document: Document = answer.json()
        return document

    def resolved(self, href: str) -> str:
        """A root-relative link gets the scheme and host of the landing page."""
        return urljoin(self.address, href)

    def below(self, path: str) -> str:
        """The address of a path of the API."""
        return self.address.rstrip("/") + path

    @cached_property
    def landing(self) -> Document:
        return self.document(self.address)

    @cached_property
    def api(self) -> Document:
        return self.document(self.api_address, accept=OPENAPI)

    @cached_property
    def api_address(self) -> str:
        for link in self.landing["links"]:
            if link["rel"] == "service-desc" and link["type"].replace(" ", "") == OPENAPI:
                return str(link["href"])
        raise AssertionError("the landing page has no service-desc link of OpenAPI 3.0")

    @cached_property
    def classes(self) -> list[str]:
        conforms: list[str] = self.document(self.below("/conformance"))["conformsTo"]
        return conforms

    @cached_property
    def collections(self) -> Document:
        return self.document(self.below("/collections"))

    @cached_property
    def feature_collections(self) -> list[Document]:
        """Collections whose items are features that can be fetched."""
        return [
            collection
            for collection in self.collections["collections"]
            if collection.get("itemType", "feature") == "feature" and linked(collection, "items")
        ][:MOST_COLLECTIONS]

    @property
    def media_types(self) -> tuple[set[str], set[str]]:
        """Types in which features, and in which other resources, are said to be offered."""
        html = {HTML} if any(c.endswith("/conf/html") for c in self.classes) else set()
        geojson = any(c.endswith("/conf/geojson") for c in self.classes)
        return html | ({GEOJSON} if geojson else set()), html | ({JSON} if geojson else set())

    def items_address(self, collection: Document) -> str:
        for link in linked(collection, "items"):
            if link["type"] == GEOJSON:
                return self.resolved(link["href"])
        raise AssertionError(f"{collection['id']} has no items link of {GEOJSON}")

    def page(self, collection: Document, **parameters: object) -> Document:
        """A page of items; like the official suite, of ten where nothing else is asked."""
        asked = {"limit": PAGE, **parameters}
        href = with_parameters(self.items_address(collection), **asked)
        return self.document(href, accept=GEOJSON)

    def pages(self, collection: Document, **parameters: object) -> Iterator[Document]:
        """Every page, by the `next` links."""
        page = self.page(collection, **parameters)
        while True:
            yield page
            following = linked(page, "next")
            if not following:
                return
            page = self.document(following[0]["href"], accept=GEOJSON)

    def parameter(self, collection: Document, name: str) -> Document:
        """The description of a parameter of a collection's items."""
        for path, operations in self.api["paths"].items():
            if re.fullmatch(_pattern(path), f"/collections/{collection['id']}/items"):
                for given in operations["get"]["parameters"]:
                    found = self.dereferenced(given)
                    if found["name"] == name:
                        return found
        raise AssertionError(f"the API describes no parameter {name} of {collection['id']}")

    def dereferenced(self, node: Document) -> Document:
        while "$ref" in node:
            target: Any = self.api
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            node = target
        return node


def linked(document: Document, rel: str) -> list[Document]:
    """The links of one relation."""
    return [link for link in document.get("links", ()) if link["rel"] == rel]


def with_parameters(href: str, **parameters: object) -> str:
    """`href` with parameters added to those it has."""
    parts = urlsplit(href)
    added = urlencode({k: str(v) for k, v in parameters.items()}, safe=",:/")
    query = "&".join(piece for piece in (parts.query, added) if piece)
    return urlunsplit(parts._replace(query=query))


def _pattern(path: str) -> str:
    return re.sub(r"\\\{[^/]*\\\}", "[^/]+", re.escape(path))
