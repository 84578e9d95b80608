"""
The classes of the Open Fibre Data Standard 0.2, 0.3 and 0.4.

Properties stand in the standard's order. 0.2 is 0.3 with a whole organisation
as publisher.
"""

from __future__ import annotations

from gis_service.model.ofds.words import CRS84_NAME, CRS84_URI, Kind, OfdsClass, Property

_K = Kind


def _id() -> Property:
    return Property("id", _K.TEXT, required=True)


def _text(name: str, **rest: str) -> Property:
    return Property(name, _K.TEXT, **rest)  # type: ignore[arg-type]


def _yes_no(name: str) -> Property:
    return Property(name, _K.BOOLEAN)


def _closed(name: str, codelist: str, *, array: bool = False) -> Property:
    return Property(name, _K.CODE, codelist=codelist, closed=True, array=array)


def _open(name: str, codelist: str, *, array: bool = False, since: str = "") -> Property:
    return Property(name, _K.CODE, codelist=codelist, array=array, since=since)


def _one(name: str, of: str, *, since: str = "", until: str = "") -> Property:
    return Property(name, _K.OBJECT, of=of, since=since, until=until)


def _many(name: str, of: str, *, since: str = "") -> Property:
    return Property(name, _K.OBJECT, of=of, array=True, since=since)


NETWORK = OfdsClass("Network", (
    Property("id", _K.UUID, required=True),
    _text("identifier", since="0.4"),
    _text("name"),
    _many("nodes", "Node"),
    _many("spans", "Span"),
    _many("phases", "Phase"),
    _many("organisations", "Organisation"),
    _many("wayleaves", "Wayleave", since="0.4"),
    _many("contracts", "Contract"),
    Property("website", _K.IRI),
    _one("publisher", "Organisation", until="0.2"),
    _one("publisher", "Publisher", since="0.3"),
    Property("publicationDate", _K.DATE),
    Property("collectionDate", _K.DATE),
    _one("crs", "CoordinateReferenceSystem"),
    Property("accuracy", _K.NUMBER),
    _text("accuracyDetails"),
    _open("language", "language"),
    Property("links", _K.OBJECT, of="Link", array=True, required=True),
))

NODE = OfdsClass("Node", (
    _id(),
    _text("name"),
    _one("phase", "PhaseReference"),
    _closed("status", "nodeStatus"),
    _one("location", "Geometry", until="0.3"),
    _one("location", "PointGeometry", since="0.4"),
    _one("address", "Address"),
    _open("type", "nodeType", array=True),
    _one("supportingInfrastructure", "NodeSupportingInfrastructure", since="0.4"),
    _yes_no("accessPoint"),
    _many("internationalConnections", "Address"),
    _yes_no("power"),
    _open("technologies", "nodeTechnologies", array=True),
    _one("physicalInfrastructureProvider", "OrganisationReference", until="0.3"),
    _one("transmissionMediumOwner", "OrganisationReference", since="0.4"),
    _many("networkProviders", "OrganisationReference"),
), forbidden=("network",), forbidden_since="0.4")

SPAN = OfdsClass("Span", (
    _id(),
    _text("name"),
    _one("phase", "PhaseReference"),
    _closed("status", "spanStatus"),
    Property("readyForServiceDate", _K.DATE),
    _text("start", refers_to="Node"),
    _text("end", refers_to="Node"),
    _yes_no("directed"),
    _one("route", "Geometry", until="0.3"),
    _one("route", "LineStringGeometry", since="0.4"),
    _one("physicalInfrastructureProvider", "OrganisationReference", until="0.3"),
    _one("transmissionMediumOwner", "OrganisationReference", since="0.4"),
    _many("networkProviders", "OrganisationReference"),
    _one("supplier", "OrganisationReference"),
    _closed("transmissionMedium", "transmissionMedium", array=True),
    _closed("deployment", "deployment", array=True),
    _one("deploymentDetails", "DeploymentDetails", until="0.3"),
    _one("supportingInfrastructure", "SpanSupportingInfrastructure", since="0.4"),
    _open("codeployment", "codeployment", since="0.4"),
    _open("cableType", "cableType", since="0.4"),
    _yes_no("darkFibre"),
    _closed("fibreType", "fibreType"),
    _one("fibreTypeDetails", "FibreTypeDetails"),
    Property("fibreCount", _K.INTEGER),
    Property("fibreLength", _K.NUMBER),
    _open("technologies", "spanTechnologies", array=True),
    Property("capacity", _K.NUMBER),
    _one("capacityDetails", "CapacityDetails"),
    Property("wayleaves", _K.TEXT, array=True, refers_to="Wayleave", since="0.4"),
    _closed("countries", "country", array=True),
), forbidden=("network",), forbidden_since="0.4")

PHASE = OfdsClass("Phase", (
    _id(),
    _text("name"),
    _text("description"),
    _many("funders", "OrganisationReference"),
))

ORGANISATION = OfdsClass("Organisation", (
    _id(),
    _text("name"),
    _one("identifier", "Identifier"),
    _closed("country", "country"),
    _open("roles", "organisationRole", array=True),
    _text("roleDetails"),
    Property("website", _K.IRI),
    Property("logo", _K.IRI),
))

WAYLEAVE = OfdsClass("Wayleave", (
    _id(),
    _one("grantor", "OrganisationReference"),
    Property("yearSigned", _K.INTEGER),
    _one("term", "WayleaveTerm"),
    _one("cost", "WayleaveCost"),
), since="0.4")

CONTRACT = OfdsClass("Contract", (
    _id(),
    _text("title"),
    _text("description"),
    _open("type", "contractType"),
    _one("value", "Value"),
    Property("dateSigned", _K.DATE),
    _many("documents", "Document"),
    _many("relatedPhases", "PhaseReference"),
))

_PARTS = (
    OfdsClass("Publisher", (_text("name"), _one("identifier", "Identifier")), since="0.3"),
    OfdsClass("CoordinateReferenceSystem", (
        Property("name", _K.URI, required=True, const=CRS84_NAME),
        Property("uri", _K.URI, required=True, const=CRS84_URI),
    )),
    OfdsClass("Link", (
        Property("href", _K.IRI, required=True),
        Property("rel", _K.CODE, required=True, codelist="linkRelationType",
                 pattern="^(?!(describedby))"),
    )),
    OfdsClass("Geometry", (
        Property("type", _K.CODE, required=True, codelist="geometryType", closed=True),
        Property("coordinates", _K.COORDINATES, required=True),
    ), sealed_since="0.1", until="0.3"),
    OfdsClass("PointGeometry", (
        Property("type", _K.TEXT, required=True, const="Point"),
        Property("coordinates", _K.POSITION, required=True),
    ), sealed_since="0.4", since="0.4"),
    OfdsClass("LineStringGeometry", (
        Property("type", _K.TEXT, required=True, const="LineString"),
        Property("coordinates", _K.LINE, required=True),
    ), sealed_since="0.4", since="0.4"),
    OfdsClass("Address", (
        _text("streetAddress"),
        _text("locality"),
        _text("region"),
        _text("postalCode"),
        _closed("country", "country"),
    )),
    *(
        OfdsClass(name, (_id(), _text("name")), refers_to=target, sealed_since="0.4")
        for name, target in (
            ("OrganisationReference", "Organisation"), ("PhaseReference", "Phase"),
        )
    ),
    *(
        OfdsClass(name, (
            _open("type", codelist),
            _text("description"),
            _one("owner", "OrganisationReference"),
            _yes_no("spareCapacity"),
        ), since="0.4")
        for name, codelist in (
            ("NodeSupportingInfrastructure", "nodeSupportingInfrastructure"),
            ("SpanSupportingInfrastructure", "spanSupportingInfrastructure"),
        )
    ),
    OfdsClass("DeploymentDetails", (_text("description"),), until="0.3"),
    OfdsClass("FibreTypeDetails", (_text("fibreSubtype"), _text("description"))),
    OfdsClass("CapacityDetails", (_text("description"),)),
    OfdsClass("Identifier", (
        _text("id"),
        _open("scheme", "organisationIdentifierScheme"),
        _text("legalName"),
        Property("uri", _K.IRI),
    )),
    OfdsClass("Value", (Property("amount", _K.NUMBER), _closed("currency", "currency"))),
    OfdsClass("Document", (
        _text("title"),
        _text("description"),
        Property("url", _K.IRI),
        _open("format", "mediaType"),
    )),
    OfdsClass("WayleaveTerm", (
        _yes_no("indefinite"), Property("years", _K.INTEGER),
    ), since="0.4"),
    OfdsClass("WayleaveCost", (
        _yes_no("recurring"), _one("perMetre", "Value"),
    ), since="0.4", may_be_empty=True),
)

CLASSES = (NETWORK, NODE, SPAN, PHASE, ORGANISATION, WAYLEAVE, CONTRACT, *_PARTS)
