"""
What people call collections, fields and codes in files of their own.

Titles in both languages and the names themselves need not stand here. Words
are compared without case, blanks, underscores and accents, so `SITE_NO` and
`site no` are one. A code's words are read as that code without asking, so they
must mean nothing else; what is only likely is found by resemblance, and asked.
"""

from __future__ import annotations

from collections.abc import Mapping

Words = tuple[str, ...]

COLLECTION_WORDS: Mapping[str, Words] = {
    "networks": ("network", "mtandao"),
    "organisations": ("organizations", "organisation", "companies", "providers", "operators"),
    "phases": ("phase", "stages"),
    "contracts": ("contract", "tenders", "zabuni"),
    "wayleaves": ("wayleave", "rights of way", "easements"),
    "wards": ("ward", "county assembly wards", "caw", "admin boundaries", "mipaka ya wadi"),
    "roads": ("road", "streets", "highways", "road network", "mtandao wa barabara"),
    "population": ("people", "census cells", "worldpop", "population grid"),
    "network_nodes": (
        "nodes", "node", "pops", "sites", "network sites", "bts", "cabinets", "closures",
        "splice points", "access points", "wifi", "wifi hotspots", "hotspots", "fat", "fdt",
        "odf", "joints", "vituo",
    ),
    "fibre_links": (
        "links", "link", "spans", "span", "fibre", "fiber", "fibre routes", "fiber routes",
        "cables", "cable", "ofc", "optical fibre", "routes", "backbone", "nofbi", "kebo", "nyuzi",
    ),
    "structures": (
        "manholes", "manhole", "handholes", "poles", "pole", "chambers", "ducts", "markers",
        "nguzo", "mashimo",
    ),
    "offices": (
        "office", "facilities", "institutions", "health facilities", "hospitals", "clinics",
        "dispensaries", "schools", "primary schools", "secondary schools", "colleges", "markets",
        "libraries", "police stations", "post offices", "huduma centres", "sub county offices",
        "government buildings", "shule", "hospitali", "zahanati", "masoko", "taasisi",
        "polling stations",
    ),
    "equipment": (
        "devices", "inventory", "assets", "asset register", "routers", "switches", "olt", "onu",
        "ict equipment", "kifaa",
    ),
    "work_log": ("work", "jobs", "maintenance", "maintenance log", "activities", "kazi"),
    "measurements": ("otdr", "otdr tests", "readings", "tests", "power readings"),
    "faults": ("fault", "incidents", "outages", "tickets", "cuts", "breakdowns"),
    "scenarios": ("scenario",),
}

_IDENTIFIERS = (
    "id", "fid", "gid", "ogc fid", "objectid", "object id", "uid", "uuid", "guid", "ref",
    "reference", "site id", "site no", "site number", "asset id", "no", "number", "serial no",
    "kitambulisho", "namba",
)
FIELD_WORDS: Mapping[str, Words] = {
    "external_id": _IDENTIFIERS,
    "name": (
        "label", "title", "site name", "facility name", "office name", "institution",
        "school name", "f name", "placename", "place name", "node name", "link name", "fac name",
        "link", "route name", "description", "jina la kituo", "jina la ofisi", "mahali",
    ),
    "status": (
        "state", "condition", "lifecycle", "life cycle", "stage", "operational status",
        "implementation status", "hali ya ujenzi",
    ),
    "owner": ("operator", "ownership", "company", "owned by", "mwenye"),
    "providers": ("network provider", "isp", "service provider", "operators"),
    "phase": ("project", "lot", "stage of plan"),
    "accuracy_m": ("accuracy", "gps accuracy", "precision", "hdop m"),
    "slack_m": ("slack", "slack length", "loop", "coil"),
    "visibility": ("public", "audience"),
    "source": ("data source", "provenance"),
    "address": ("location", "postal address", "street"),
    "gateway": ("is gateway", "uplink"),
    "power": ("electricity", "has power", "grid power", "kplc"),
    "spare_capacity": ("capacity available", "free ports", "room"),
    "network_nodes.type": ("node type", "site type", "category", "kind", "role", "aina"),
    "network_nodes.infrastructure": (
        "structure", "housing", "enclosure", "support", "site structure", "mounted on",
    ),
    "network_nodes.technologies": ("technology", "equipment type"),
    "start_node": (
        "start", "from", "from node", "a end", "aend", "end a", "source node", "from site",
        "node a", "kutoka", "site a", "start id",
    ),
    "end_node": (
        "end", "to", "to node", "b end", "bend", "end b", "z end", "target node", "to site",
        "node b", "hadi", "site b", "end id",
    ),
    "medium": ("transmission medium", "media", "link type", "cable type"),
    "deployment": ("installation", "laying", "aerial or underground", "construction", "mounting"),
    "fibre_type": ("fiber type", "itu type", "cable standard", "core type"),
    "fibre_count": (
        "fiber count", "fibres", "fibers", "cores", "core count", "no of cores",
        "number of cores", "number of fibres", "strands", "idadi ya cores",
    ),
    "spare_fibres": ("spare", "spare cores", "free cores", "dark cores", "available fibres"),
    "fibre_length_m": (
        "length", "cable length", "length m", "fiber length", "optical length", "urefu",
    ),
    "capacity_gbps": ("bandwidth", "lit capacity", "capacity gb"),
    "dark_fibre": ("dark fiber", "is dark"),
    "shared_trench": ("trench", "trench id", "duct", "duct id"),
    "ready_for_service_date": ("rfs", "rfs date", "commissioned", "go live", "date live"),
    "fibre_links.technologies": ("technology", "transmission technology"),
    "structures.structure_type": ("type", "kind", "category", "structure type"),
    "structures.link": ("fibre link", "route", "cable id"),
    "position_m": ("chainage", "distance along", "station"),
    "office_type": (
        "type", "category", "facility type", "kind", "institution type", "level", "sector",
        "f type", "owner type",
    ),
    "theme": ("roadmap theme", "pillar", "programme", "nguzo ya mpango"),
    "served_by": ("node", "pop", "nearest pop", "connected to", "serving node", "site id"),
    "connection": (
        "connected", "connectivity", "internet", "has internet", "status", "connection status",
        "imeunganishwa", "intaneti",
    ),
    "connected_since": ("date connected", "connection date", "go live", "since"),
    "technology": ("access technology", "connection type", "access", "medium"),
    "required_mbps": ("required bandwidth", "bandwidth needed", "demand", "mbps required"),
    "measured_mbps": ("speed", "download", "measured speed", "mbps", "bandwidth", "speed test"),
    "staff": ("employees", "number of staff", "no of staff", "personnel", "watumishi"),
    "beneficiaries": ("patients", "students", "pupils", "enrolment", "served population"),
    "contact": ("phone", "telephone", "mobile", "contact person", "email", "simu"),
    "wards.code": ("ward code", "wardcode", "iebc code", "caw code", "caw id", "id", "ward no"),
    "wards.name": ("ward", "ward name", "caw name"),
    "constituency": ("const", "const name", "constituency name", "sub county", "jimbo"),
    "population": ("pop", "population total", "persons", "people", "pop2009", "pop2019", "watu"),
    "population_year": ("census year", "pop year", "year"),
    "road_class": ("class", "type", "highway", "fclass", "category", "surface class"),
    "people": ("pop", "population", "persons", "count", "value"),
    "asset_tag": ("tag", "asset", "asset no", "asset number", "inventory number", "barcode"),
    "serial": ("serial no", "sn", "s n", "serial nr"),
    "category": ("type", "device type", "equipment type", "kind"),
    "make": ("manufacturer", "vendor", "brand"),
    "equipment.model": ("device model", "part number", "model no"),
    "equipment.node": ("site", "pop", "location node", "network node"),
    "equipment.office": ("location", "department", "placed at"),
    "equipment.lifecycle": ("status", "state", "condition"),
    "management_address": ("ip", "ip address", "mgmt ip", "management ip"),
    "installed_on": ("install date", "installation date", "date installed"),
    "warranty_until": ("warranty", "warranty end", "warranty expiry"),
    "order_number": ("lpo", "po number", "order no", "purchase order"),
    "kind": ("type", "activity", "work type", "test type", "action"),
    "occurred_at": ("date", "time", "datetime", "done at", "tarehe"),
    "measured_at": ("date", "time", "datetime", "tested at", "tarehe"),
    "started_at": ("date", "reported at", "fault time", "start time", "tarehe"),
    "cleared_at": ("resolved at", "closed at", "end time", "repaired at"),
    "notes": ("remarks", "comments", "comment", "maoni"),
    "summary": ("description", "fault", "issue", "problem", "tatizo"),
    "wavelength_nm": ("wavelength", "nm", "lambda"),
    "loss_db": ("loss", "attenuation", "db"),
    "power_dbm": ("power", "rx power", "dbm", "received power"),
    "otdr_distance_m": ("distance", "otdr distance", "event distance"),
}
"""By field, or by collection and field where a word means another one elsewhere."""

_OPERATIONAL = (
    "live", "active", "in service", "in use", "working", "functional", "lit", "commissioned",
    "inatumika",
)
CODE_WORDS: Mapping[str, Mapping[str, Words]] = {
    "status": {
        "operational": _OPERATIONAL,
        "planned": ("plan", "design", "designed", "imepangwa kujengwa", "future"),
        "proposed": ("proposal", "pendekezo"),
        "underConstruction": (
            "construction", "ongoing", "in progress", "being built", "wip", "building",
            "ujenzi unaendelea",
        ),
        "inactive": ("not live", "not active", "haijawashwa", "unlit"),
        "decommissioned": (
            "removed", "abandoned", "retired", "dismantled", "scrapped", "imeachwa",
        ),
    },
    "nodeType": {
        "pop": ("p.o.p", "pops", "core site"),
        "aggregationPoint": ("aggregation", "aggregator", "agg"),
        "ixp": ("internet exchange",),
        "repeaterSite": ("repeater", "amplifier", "ila"),
        "cableLanding": ("cls", "landing station"),
    },
    "nodeSupportingInfrastructure": {
        "building": ("room", "office building", "server room"),
        "cabinet": ("street cab", "fdt", "outdoor cabinet", "kabati"),
        "cableWell": ("manhole", "handhole", "chamber", "shimo"),
        "dataCentre": ("data center", "dc"),
        "pole": ("wooden pole", "concrete pole"),
        "tower": ("mast", "bts", "base station"),
        "wifiAccessPoint": ("hotspot", "wifi", "wi-fi", "access point", "public wifi"),
        "spliceClosure": ("closure", "joint", "splice", "enclosure", "dome closure"),
        "customerPremises": ("customer", "cpe", "premises"),
    },
    "transmissionMedium": {
        "fibre": ("fiber", "optical fiber", "ofc", "optic", "fibre optic", "fiber optic"),
        "microwave": ("radio", "mw", "wireless"),
        "coaxial": ("coax",),
    },
    "deployment": {
        "aboveGround": ("aerial", "overhead", "poles", "hewani"),
        "belowGround": ("underground", "buried", "ducted", "trenched", "chini"),
    },
    "officeType": {
        "county": ("county government", "county headquarters", "county hq"),
        "municipal": ("municipality", "town hall", "manispaa"),
        "subCounty": ("sub county", "subcounty hq", "deputy county commissioner"),
        "ward": ("ward administrator", "ward admin"),
        "assembly": ("mca office", "mca"),
        "health": (
            "hospital", "hospitals", "clinic", "clinics", "dispensary", "health centre",
            "health center", "medical", "health facilities", "hospitali", "zahanati", "afya",
        ),
        "education": (
            "school", "schools", "primary", "secondary", "primary school", "secondary school",
            "college", "university", "polytechnic", "ecde", "vtc", "shule", "chuo", "elimu",
        ),
        "market": ("markets", "market centre", "masoko"),
        "library": ("libraries",),
        "hudumaCentre": ("huduma", "huduma center"),
        "policeStation": ("police", "police post", "polisi"),
        "other": ("others", "post office", "posta", "nyingine"),
    },
    "connection": {
        "connected": ("yes", "true", "1", "on", "online", "ndiyo"),
        "unconnected": ("no", "false", "0", "off", "offline", "none", "disconnected", "hapana"),
        "unknown": ("n/a", "unclear", "sijui"),
    },
    "accessTechnology": {
        "fibre": ("fiber", "ftth", "gpon", "optical fiber"),
        "microwave": ("radio", "p2p", "wireless link"),
        "wifi": ("wi-fi", "wlan", "hotspot"),
        "cellular": ("4g", "3g", "lte", "5g", "mobile", "simu"),
        "copper": ("adsl", "dsl"),
        "satellite": ("vsat", "starlink"),
    },
    "roadClass": {
        "A": ("trunk", "international"),
        "B": ("national",),
        "C": ("primary",),
        "D": ("secondary",),
        "E": ("tertiary", "minor", "unclassified"),
        "street": ("residential", "estate road"),
    },
    "lifecycle": {
        "inService": ("active", "working", "in use", "live", "deployed", "inatumika"),
        "underRepair": ("faulty", "repair", "broken", "mbovu"),
        "retired": ("disposed", "scrapped", "written off", "obsolete"),
        "received": ("in store", "store", "stock"),
    },
}
"""By codelist and code."""
