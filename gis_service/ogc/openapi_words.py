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
    "Who is logged in": "Nani ameingia",
    "Wards that can be taken along": "Wadi zinazoweza kuchukuliwa",
    "One ward with all that stands in it": "Wadi moja na vyote vilivyomo",
    "Fields, codes and checklists of the forms": "Sehemu, misimbo na orodha za fomu",
    "Keep and carry out what was done in the field": "Hifadhi na tekeleza kilichofanyika uwanjani",
    "What became of operations": "Matokeo ya kazi zilizotumwa",
    "Keep a photo": "Hifadhi picha",
    "One photo": "Picha moja",
    "One ward on A4": "Wadi moja kwenye A4",
    "map and lists (PDF)": "ramani na orodha (PDF)",
    "Labels of a ward on A4 (PDF)": "Lebo za wadi kwenye A4 (PDF)",
    "People and their keys; who did what": "Watu na funguo zao; nani alifanya nini",
    "What is kept about people": "Kinachohifadhiwa kuhusu watu",
    "Everyone, with the keys they hold": "Wote, na funguo zao",
    "Make a key for a person": "Mtengenezee mtu ufunguo",
    "Take out or erase what is kept with a contact": "Toa au futa kinachohifadhiwa na mawasiliano",
    "One person, their keys, and where their id stands": "Mtu mmoja, funguo zake na kitambulisho",
    "Correct a name and contact": "Sahihisha jina na mawasiliano",
    "Make another key for a person": "Mtengenezee mtu ufunguo mwingine",
    "Erase a person; what they did stays": "Mfute mtu; aliyoyafanya hubaki",
    "Take out all that is kept of a person": "Toa yote yanayohifadhiwa kuhusu mtu",
    "Make a second key beside one": "Tengeneza ufunguo wa pili kando ya mmoja",
    "Revoke a key": "Futa ufunguo",
    "Who did what, the newest first": "Nani alifanya nini, jipya likiwa la kwanza",
    "The whole audit as a file": "Kumbukumbu zote za matendo kama faili",
    "Uploaded files and loads": "Faili zilizotumwa na mapakizo",
    "Send files to be loaded": "Tuma faili za kupakiwa",
    "How a file or a load stands": "Hali ya faili au upakiaji",
    "Look at a file again": "Angalia faili tena",
    "Try a load; nothing is changed": "Jaribu kupakia; hakuna kinachobadilika",
    "Load a file as it was tried": "Pakia faili kama ilivyojaribiwa",
    "Try a load once more": "Jaribu kupakia tena",
    "End what is being done with a file": "Simamisha kinachofanywa na faili",
    "Take a file away": "Ondoa faili",
    "Undo a load": "Tengua upakiaji",
    "A mapping as a file": "Mpangilio kama faili",
    "The report of a load as a page": "Ripoti ya upakiaji kama ukurasa",
    "The report of a load": "Ripoti ya upakiaji",
    "The faults of a load as a table": "Makosa ya upakiaji kama jedwali",
    "Rows that were refused, to be corrected": "Safu zilizokataliwa, za kusahihishwa",
    "Rows on the map by outcome": "Safu kwenye ramani kwa matokeo",
    "Changes that disagree": "Mabadiliko yanayogongana",
    "Decide between changes that disagree": "Amua kati ya mabadiliko yanayogongana",
    "What can be reported": "Yanayoweza kuripotiwa",
    "One kind of report": "Aina moja ya ripoti",
    "How reports stand": "Hali ya ripoti",
    "by number, or the newest that were accepted": "kwa nambari, au mpya zilizokubaliwa",
    "Report a fault": "Ripoti hitilafu",
    "How one report stands": "Hali ya ripoti moja",
    "Tile matrix sets": "Mipangilio ya vigae",
    "A tile matrix set": "Mpangilio wa vigae",
    "A style that draws the tiles": "Mtindo wa kuchora vigae",
    "All collections": "Mikusanyo yote",
    "Data as files": "Data kama faili",
    "Rules for data": "Kanuni za data",
    "Data dictionary": "Kamusi ya data",
    "Lists of codes": "Orodha za misimbo",
    "Quality of a network": "Ubora wa mtandao",
    "Look at a file again as a saved mapping says":
        "Angalia faili kwa mpangilio uliohifadhiwa",
    "Quality of a package that is sent": "Ubora wa kifurushi kilichotumwa",
    "A whole network as a package of OFDS": "Mtandao mzima kama kifurushi cha OFDS",
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
    "Field work, offline too, and what it needs on paper":
        "Kazi ya uwanjani, hata bila mtandao, na inachohitaji kwenye karatasi",
    "Loading files: look, try, confirm, undo": "Kupakia faili: angalia, jaribu, thibitisha, tengua",
    "Reports of citizens (Open311 GeoReport v2)":
        "Ripoti za wananchi (Open311 GeoReport v2)",
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
