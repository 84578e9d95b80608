"""The catalogue of the published data, as DCAT 3 in JSON-LD."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from gis_service.model.fields import LANGUAGES, Collection, Text
from gis_service.model.publications import Publication
from gis_service.model.queries import BBox
from gis_service.ogc.media import Format

Document = dict[str, Any]

CONTEXT: Mapping[str, object] = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dcterms": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "spdx": "http://spdx.org/rdf/terms#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "geosparql": "http://www.opengis.net/ont/geosparql#",
}
_LANGUAGE = "http://id.loc.gov/vocabulary/iso639-1/"
_IANA = "https://www.iana.org/assignments/media-types/"


@dataclass(frozen=True, slots=True)
class Distribution:
    """
    One file of a dataset.

    Parameters
    ----------
    url
        Its address; relative ones are relative to the catalogue.
    size
        Bytes, where known.
    sha256
        Its checksum in hexadecimal, where known.
    """

    format: Format
    url: str
    size: int | None = None
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset of the catalogue: a collection, or several in one file."""

    id: str
    title: Text
    description: Text
    distributions: tuple[Distribution, ...]


def dataset_of(collection: Collection, distributions: Iterable[Distribution]) -> Dataset:
    """A collection as a dataset."""
    return Dataset(
        collection.id, collection.title, collection.description, tuple(distributions)
    )


def catalog(
    address: str,
    datasets: Iterable[Dataset],
    *,
    title: Text,
    description: Text,
    publisher: str,
    licence: str,
    day: date,
    page: str,
    publication: Publication | None = None,
    bbox: BBox | None = None,
    service: str | None = None,
) -> Document:
    """
    The catalogue (DCAT 3, W3C Recommendation of 22 August 2024).

    Parameters
    ----------
    address
        Identifies the catalogue; datasets are identified by fragments of it.
    publisher
        Name of who publishes the data.
    licence
        Address of the licence of all datasets.
    day
        When it was written; the data is of that day.
    page
        Address of the page for people.
    publication
        The last one before; None where it is not told.
    bbox
        Where the data lies.
    service
        Address of the service that answers questions about it; None for files alone.
    """
    agent = {"@type": "foaf:Agent", "foaf:name": publisher}
    listed = [
        _dataset(each, address, agent=agent, licence=licence, day=day, page=page, bbox=bbox)
        for each in datasets
    ]
    document: Document = {
        "@context": CONTEXT,
        "@id": address,
        "@type": "dcat:Catalog",
        **_described(title, description),
        "dcterms:publisher": agent,
        "dcterms:license": {"@id": licence},
        "dcterms:modified": _day(day),
        "dcterms:language": [{"@id": f"{_LANGUAGE}{each}"} for each in LANGUAGES],
        "foaf:homepage": {"@id": page},
        "dcat:dataset": listed,
    }
    if publication is not None:
        document["dcat:version"] = str(publication.number)
        document["dcterms:issued"] = {
            "@type": "xsd:dateTime", "@value": publication.document()["published_at"]
        }
    if service is not None:
        document["dcat:service"] = {
            "@id": f"{address}#service",
            "@type": "dcat:DataService",
            "dcterms:title": _texts(title),
            "dcat:endpointURL": {"@id": service},
            "dcat:endpointDescription": {"@id": f"{service.rstrip('/')}/api"},
            "dcat:servesDataset": [{"@id": each["@id"]} for each in listed],
        }
    return document


def _dataset(
    dataset: Dataset,
    address: str,
    *,
    agent: Document,
    licence: str,
    day: date,
    page: str,
    bbox: BBox | None,
) -> Document:
    document: Document = {
        "@id": f"{address}#{dataset.id}",
        "@type": "dcat:Dataset",
        "dcterms:identifier": dataset.id,
        **_described(dataset.title, dataset.description),
        "dcterms:publisher": agent,
        "dcterms:license": {"@id": licence},
        "dcterms:modified": _day(day),
        "dcat:landingPage": {"@id": page},
        "dcat:distribution": [_distribution(each, dataset, licence) for each in
                              dataset.distributions],
    }
    if bbox is not None:
        document["dcterms:spatial"] = {
            "@type": "dcterms:Location",
            "dcat:bbox": {"@type": "geosparql:wktLiteral", "@value": _wkt(bbox)},
        }
    return document


def _distribution(file: Distribution, dataset: Dataset, licence: str) -> Document:
    document: Document = {
        "@type": "dcat:Distribution",
        "dcterms:title": {"@language": "en", "@value": f"{dataset.title.en}: {file.format.title}"},
        "dcat:accessURL": {"@id": file.url},
        "dcat:downloadURL": {"@id": file.url},
        "dcat:mediaType": {"@id": f"{_IANA}{file.format.bare_type}"},
        "dcterms:license": {"@id": licence},
    }
    if file.size is not None:
        document["dcat:byteSize"] = {
            "@type": "xsd:nonNegativeInteger", "@value": str(file.size)
        }
    if file.sha256 is not None:
        document["spdx:checksum"] = {
            "@type": "spdx:Checksum",
            "spdx:algorithm": {"@id": "spdx:checksumAlgorithm_sha256"},
            "spdx:checksumValue": {"@type": "xsd:hexBinary", "@value": file.sha256},
        }
    return document


def _described(title: Text, description: Text) -> Document:
    return {"dcterms:title": _texts(title), "dcterms:description": _texts(description)}


def _texts(text: Text) -> list[Document]:
    return [{"@language": each, "@value": text[each]} for each in LANGUAGES]


def _day(day: date) -> Document:
    return {"@type": "xsd:date", "@value": day.isoformat()}


def _wkt(bbox: BBox) -> str:
    west, south, east, north = (
        f"{each:g}" for each in (bbox.west, bbox.south, bbox.east, bbox.north)
    )
    corners = ((west, south), (east, south), (east, north), (west, north), (west, south))
    return f"POLYGON(({', '.join(' '.join(each) for each in corners)}))"
