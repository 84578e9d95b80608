"""Packages of the Open Fibre Data Standard for the tests, with all that is hard to keep."""

from __future__ import annotations

from typing import Any

HREF = {
    "0.3": "https://raw.githubusercontent.com/Open-Telecoms-Data/open-fibre-data-standard/"
    "0__3__0/schema/network-schema.json",
    "0.4": "https://standard.ofds.info/en/0__4__0/network-schema.json",
}
CRS = {
    "name": "urn:ogc:def:crs:OGC::CRS84",
    "uri": "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
}


def full(version: str = "0.4") -> dict[str, Any]:
    """
    A valid package that uses all classes of a version, with properties that nobody declared.

    Two nodes A (34.76, -0.68) and B (34.78, -0.67), a span between them.
    """
    newer = version == "0.4"
    owner = "transmissionMediumOwner" if newer else "physicalInfrastructureProvider"
    node: dict[str, Any] = {
        "id": "A",
        "name": "Kisii exchange",
        "phase": {"id": "p1", "name": "Phase one"},
        "status": "operational",
        "location": {"type": "Point", "coordinates": [34.76, -0.68]},
        "address": {"streetAddress": "Hospital Road", "locality": "Kisii", "country": "KE"},
        "type": ["pop", "wholesaleHub"] if newer else ["exchange", "pop"],
        "accessPoint": True,
        "internationalConnections": [{"region": "Busia", "country": "UG"}],
        "power": False,
        "technologies": ["mpls", "ip"],
        owner: {"id": "o1", "name": "County ICT"},
        "networkProviders": [{"id": "o2", "name": "Telco"}, {"id": "o1", "name": "County ICT"}],
        "surveyedBy": {"team": 7, "on": ["2024-01-05"]},
    }
    span: dict[str, Any] = {
        "id": "A-B",
        "name": "Exchange to market",
        "phase": {"id": "p1", "name": "Phase one"},
        "status": "planned",
        "readyForServiceDate": "2027-06-30",
        "start": "A",
        "end": "B",
        "directed": True,
        "route": {
            "type": "LineString",
            "coordinates": [[34.76, -0.68], [34.7712345678901, -0.671], [34.78, -0.67]],
        },
        owner: {"id": "o1", "name": "County ICT"},
        "networkProviders": [{"id": "o2", "name": "Telco"}],
        "supplier": {"id": "o3", "name": "Builder"},
        "transmissionMedium": ["fibre"],
        "deployment": ["belowGround"],
        "darkFibre": True,
        "fibreType": "G.652",
        "fibreTypeDetails": {"fibreSubtype": "G.652.D", "description": "low water peak"},
        "fibreCount": 48,
        "fibreLength": 2.85,
        "technologies": ["dwdm"],
        "capacity": 100,
        "capacityDetails": {"description": "ten of ten"},
        "countries": ["KE"],
    }
    if newer:
        node["supportingInfrastructure"] = {
            "type": "exchange", "description": "first floor", "owner": {"id": "o1"},
            "spareCapacity": True,
        }
        span["supportingInfrastructure"] = {"type": "duct", "owner": {"id": "o1"}}
        span |= {"codeployment": "road", "cableType": "mass", "wayleaves": ["w1"]}
    else:
        span["deploymentDetails"] = {"description": "in the shoulder"}
    network: dict[str, Any] = {
        "id": "8a4f1c2e-5b1d-4c7e-9d43-0a2f5f0e6b11",
        "name": "County network",
        "nodes": [
            node,
            {"id": "B", "name": "Market", "status": "planned",
             "location": {"type": "Point", "coordinates": [34.78, -0.67]}},
        ],
        "spans": [span],
        "phases": [
            {"id": "p2", "name": "Phase two"},
            {"id": "p1", "name": "Phase one", "description": "the town",
             "funders": [{"id": "o2", "name": "Telco"}]},
        ],
        "organisations": [
            {"id": "o1", "name": "County ICT",
             "identifier": {"id": "P051", "scheme": "KE-RCO", "legalName": "County of Kisii"},
             "country": "KE", "roles": [owner, "funder"], "roleDetails": "runs it",
             "website": "https://example.org/ict", "logo": "https://example.org/ict.png"},
            {"id": "o3", "name": "Builder"},
            {"id": "o2", "name": "Telco", "roles": ["networkProvider"]},
        ],
        "contracts": [
            {"id": "c1", "title": "Build", "type": "private",
             "value": {"amount": 12500000.5, "currency": "KES"}, "dateSigned": "2024-02-29",
             "documents": [{"title": "Signed", "url": "https://example.org/c1.pdf",
                            "format": "application/pdf"}],
             "relatedPhases": [{"id": "p1", "name": "Phase one"}]},
        ],
        "website": "https://example.org",
        "publisher": {"name": "County of Kisii"},
        "publicationDate": "2026-01-31",
        "collectionDate": "2025-12-01",
        "crs": CRS,
        "accuracy": 3.5,
        "accuracyDetails": "hand-held receiver",
        "language": "en",
        "links": [{"href": HREF[version], "rel": "describedby"}],
        "ledger": [1, 2.0, None, {"deep": [[]]}],
    }
    if newer:
        network["identifier"] = "KSI-1"
        network["wayleaves"] = [
            {"id": "w1", "grantor": {"id": "o3", "name": "Builder"}, "yearSigned": 2024,
             "term": {"indefinite": False, "years": 25},
             "cost": {"recurring": True, "perMetre": {"amount": 1.75, "currency": "KES"}}},
        ]
    return {"networks": [network]}


def crooked() -> dict[str, Any]:
    """
    A package that breaks rules everywhere, and must come out as it went in.

    Heights, coordinates as text, an end in another network, identifiers twice or
    none, codes that are not in closed lists, members that are no objects.
    """
    package = full()
    (network,) = package["networks"]
    package["links"] = {"next": "https://example.org/next"}
    package["madeBy"] = "hand"
    network["nodes"] += [
        {"id": "H", "location": {"type": "Point", "coordinates": [34.77, -0.66, 1712.25]}},
        {"id": "T", "name": "", "status": "Running",
         "location": {"type": "Point", "coordinates": ["34.771", "-0.661"]}},
        {"id": "B", "name": "Market again",
         "location": {"type": "Point", "coordinates": [34.79, -0.67]}},
        {"name": "no id"},
        None,
        "text",
        {"id": "nowhere", "name": "No position"},
        {"id": "far", "location": {"type": "Point", "coordinates": [200, 12]}},
        {"id": 17, "location": {"type": "Point", "coordinates": [34.772, -0.662]},
         "accessPoint": "yes", "networkProviders": [{"id": "o1"}, {"id": "unknown"}],
         "phase": {"id": "p9"}, "address": "Kisii", "power": 1},
    ]
    network["spans"] += [
        {"id": "out", "start": "A", "end": "another-network-7", "status": "operational",
         "route": {"type": "LineString", "coordinates": [[34.76, -0.68], [34.7, -0.7]]}},
        {"id": "high", "start": "A", "end": "H", "fibreCount": -4, "fibreLength": "long",
         "fibreType": "G.999", "capacity": 1e23, "readyForServiceDate": "soon",
         "route": {"type": "LineString",
                   "coordinates": [[34.75, -0.68, 1700], [34.77, -0.66, 1712.25]]}},
        {"id": "flat", "start": "A", "end": "B",
         "route": {"type": "LineString", "coordinates": [[34.76, -0.68], [34.76, -0.68]]}},
    ]
    network["phases"].append({"id": "p3", "name": "Phase three", "funders": [{"id": "o9"}]})
    network["organisations"].append({"id": "o4", "name": None, "country": "Kenya"})
    network["contracts"].append({"id": "c2", "value": {"amount": "much", "currency": "Shillings"}})
    network["contracts"].append({
        "id": "c3", "documents": [{"title": "a;b\u2028c", "pages": 1e300, "of": [[1], ["1"]]}],
        "relatedPhases": 5,
    })
    return package
