"""The summaries of operations in Kiswahili."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gis_service.model.fields import Language

Document = dict[str, Any]

_KISWAHILI = {
    # what the whole service offers
    "Landing page": "Ukurasa wa mwanzo",
    "Conformance classes": "Viwango vinavyofuatwa",
    "This document": "Hati hii",
    "Functions of filters": "Kazi zinazotumika katika vichujio",
    "Collections": "Mikusanyo",
    "Search by name": "Tafuta kwa jina",
    "Many changes in one transaction: all of them or none":
        "Mabadiliko mengi kwa pamoja: yote au hakuna",
    "Maps": "Ramani",
    "One map": "Ramani moja",
    "One map on A4 (PDF)": "Ramani moja kwenye A4 (PDF)",
    "One map on A4 (PNG)": "Ramani moja kwenye A4 (PNG)",
    "Catalogue of what is published (DCAT 3)": "Katalogi ya yaliyochapishwa (DCAT 3)",
    "Analyses": "Chambuzi",
    "How the network and its records stand": "Hali ya mtandao na rekodi zake",
    "Whether the process runs": "Kama programu inafanya kazi",
    "Whether the service can answer": "Kama huduma inaweza kujibu",
    "Tile matrix sets": "Mipangilio ya vigae",
    "A tile matrix set": "Mpangilio wa vigae",
    "A style that draws the tiles": "Mtindo wa kuchora vigae",
    "All collections": "Mikusanyo yote",
    # what each collection offers, after its title
    "queryables": "sifa za kuuliza",
    "sortables": "sifa za kupanga",
    "schema": "muundo wa data",
    "items": "vitu",
    "item": "kitu kimoja",
    "nearest to a place": "vilivyo karibu na mahali",
    "add an item": "ongeza kitu",
    "replace an item": "badilisha kitu chote",
    "change some of an item": "badilisha sehemu ya kitu",
    "delete an item": "futa kitu",
    "versions of an item": "matoleo ya kitu",
    "one version of an item": "toleo moja la kitu",
    "what changed between two times": "kilichobadilika kati ya nyakati mbili",
    "tilesets": "seti za vigae",
    "tileset": "seti ya vigae",
    "tile": "kigae",
    "TileJSON": "TileJSON",
    # groups of operations
    "What the service offers": "Huduma inachotoa",
    "Finished maps": "Ramani zilizokamilika",
    "Vector tiles of all collections": "Vigae vya mikusanyo yote",
    "Analyses of the network": "Chambuzi za mtandao",
}


def put_into(language: Language, document: Document) -> None:
    """Put the summaries of an OpenAPI document's operations, and its groups, into a language."""
    if language == "en":
        return
    for tag in document["tags"]:
        tag["description"] = _said(tag["description"])
    for operation in _operations(document):
        summary = operation["summary"]
        operation["summary"] = _said(summary)
        for answer in operation["responses"].values():
            if answer.get("description") == summary:
                answer["description"] = operation["summary"]


def _operations(document: Document) -> Iterator[Document]:
    for path in document["paths"].values():
        yield from (each for each in path.values() if isinstance(each, dict))


def _said(english: str) -> str:
    """A summary, or one that follows a title; what is not known is in the language already."""
    if english in _KISWAHILI:
        return _KISWAHILI[english]
    title, colon, rest = english.partition(": ")
    return f"{_KISWAHILI.get(title, title)}{colon}{_KISWAHILI.get(rest, rest)}"
