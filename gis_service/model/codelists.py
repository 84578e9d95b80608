"""
The codelists.

Codes marked OFDS are those of the Open Fibre Data Standard 0.4, spelled as
they stand; their titles and all other lists are ours.
"""

from __future__ import annotations

from gis_service.model.fields import Code, Codelist, Text

OFDS = "Open Fibre Data Standard 0.4"


def _codelist(
    name: str, *codes: tuple[str, str, str], closed: bool = True, source: str = ""
) -> Codelist:
    return Codelist(
        name,
        tuple(Code(code, Text(en, sw)) for code, en, sw in codes),
        closed=closed,
        source=source,
    )


STATUS = _codelist(
    "status",
    ("proposed", "Proposed", "Imependekezwa"),
    ("planned", "Planned", "Imepangwa"),
    ("underConstruction", "Under construction", "Inajengwa"),
    ("inactive", "Built, not yet live", "Imejengwa, bado haijawashwa"),
    ("operational", "Operational", "Inafanya kazi"),
    ("decommissioned", "Decommissioned", "Imeondolewa"),
    source=OFDS,
)

NODE_TYPE = _codelist(
    "nodeType",
    ("pop", "Point of presence", "Kituo cha mtandao"),
    ("aggregationPoint", "Aggregation point", "Kituo cha kukusanya"),
    ("addDropSite", "Add-drop site", "Kituo cha kugawa"),
    ("ixp", "Internet exchange point", "Kituo cha kubadilishana intaneti"),
    ("repeaterSite", "Repeater site", "Kituo cha kurudia mawimbi"),
    ("borderCrossing", "Border crossing", "Kivuko cha mpaka"),
    ("cableLanding", "Cable landing", "Kituo cha kutua kebo"),
    closed=False,
    source=OFDS,
)

NODE_INFRASTRUCTURE = _codelist(
    "nodeSupportingInfrastructure",
    ("building", "Building", "Jengo"),
    ("cabinet", "Street cabinet", "Kabati la mtaani"),
    ("cableWell", "Manhole or handhole", "Shimo la kebo"),
    ("dataCentre", "Data centre", "Kituo cha data"),
    ("exchange", "Exchange", "Kituo cha simu"),
    ("pole", "Pole", "Nguzo"),
    ("pylon", "Pylon", "Mnara wa umeme"),
    ("substation", "Substation", "Kituo kidogo cha umeme"),
    ("tower", "Tower", "Mnara"),
    ("wifiAccessPoint", "Public Wi-Fi access point", "Kituo cha Wi-Fi ya umma"),
    ("spliceClosure", "Splice closure", "Kifungio cha maungio"),
    ("splitter", "Splitter", "Kigawanyaji"),
    ("customerPremises", "Customer premises", "Jengo la mteja"),
    closed=False,
    source=f"{OFDS}; wifiAccessPoint, spliceClosure, splitter and customerPremises are ours",
)

NODE_TECHNOLOGY = _codelist(
    "nodeTechnologies",
    ("ip", "IP routing", "Uelekezaji wa IP"),
    ("mpls", "MPLS", "MPLS"),
    ("ethernet", "Ethernet switching", "Ubadilishaji wa Ethernet"),
    ("gpon", "GPON", "GPON"),
    ("wifi", "Wi-Fi", "Wi-Fi"),
    ("microwave", "Microwave radio", "Redio ya mikrowevu"),
    closed=False,
    source=f"{OFDS} (ip, mpls); the others are ours",
)

LINK_TECHNOLOGY = _codelist(
    "spanTechnologies",
    ("dwdm", "DWDM", "DWDM"),
    ("sdh", "SDH", "SDH"),
    ("sonet", "SONET", "SONET"),
    ("tdm", "TDM", "TDM"),
    ("ethernet", "Ethernet", "Ethernet"),
    ("gpon", "GPON", "GPON"),
    closed=False,
    source=f"{OFDS}; ethernet and gpon are ours",
)

MEDIUM = _codelist(
    "transmissionMedium",
    ("fibre", "Optical fibre", "Nyuzi za mwanga"),
    ("microwave", "Microwave", "Mikrowevu"),
    ("copper", "Copper", "Shaba"),
    ("coaxial", "Coaxial cable", "Kebo ya koaksia"),
    source=OFDS,
)

DEPLOYMENT = _codelist(
    "deployment",
    ("aboveGround", "Above ground", "Juu ya ardhi"),
    ("belowGround", "Below ground", "Chini ya ardhi"),
    source=OFDS,
)

FIBRE_TYPE = _codelist(
    "fibreType",
    *(
        (code, f"ITU-T {code}", f"ITU-T {code}")
        for code in ("G.651.1", "G.652", "G.653", "G.654", "G.655", "G.656", "G.657")
    ),
    source=OFDS,
)

ORGANISATION_ROLE = _codelist(
    "organisationRole",
    ("transmissionMediumOwner", "Owner of the cable", "Mmiliki wa kebo"),
    ("supportingInfrastructureOwner", "Owner of ducts and poles", "Mmiliki wa mifereji na nguzo"),
    ("networkProvider", "Network provider", "Mtoa huduma wa mtandao"),
    ("funder", "Funder", "Mfadhili"),
    ("supplier", "Supplier", "Msambazaji"),
    ("wayleaveGrantor", "Grantor of wayleaves", "Mtoa kibali cha njia"),
    closed=False,
    source=OFDS,
)

OFFICE_TYPE = _codelist(
    "officeType",
    ("county", "County office", "Ofisi ya kaunti"),
    ("municipal", "Municipal office", "Ofisi ya manispaa"),
    ("subCounty", "Sub-county office", "Ofisi ya kaunti ndogo"),
    ("ward", "Ward office", "Ofisi ya wadi"),
    ("assembly", "County assembly", "Bunge la kaunti"),
    ("health", "Health facility", "Kituo cha afya"),
    ("education", "School or college", "Shule au chuo"),
    ("market", "Market", "Soko"),
    ("library", "Library", "Maktaba"),
    ("hudumaCentre", "Huduma Centre", "Kituo cha Huduma"),
    ("policeStation", "Police station", "Kituo cha polisi"),
    ("other", "Other office", "Ofisi nyingine"),
)

THEME = _codelist(
    "theme",
    ("connectedCountyGovernment",
     "Connected County Government", "Serikali ya Kaunti Iliyounganishwa"),
    ("citizenSatisfaction", "Citizen Satisfaction", "Kuridhika kwa Mwananchi"),
    ("connectedCitizen", "Connected Citizen", "Mwananchi Aliyeunganishwa"),
    ("connectedLegislator", "Connected Legislator", "Mbunge wa Kaunti Aliyeunganishwa"),
)

CONNECTION = _codelist(
    "connection",
    ("connected", "Connected", "Imeunganishwa"),
    ("unconnected", "Not connected", "Haijaunganishwa"),
    ("unknown", "Not known", "Haijulikani"),
)

ACCESS_TECHNOLOGY = _codelist(
    "accessTechnology",
    ("fibre", "Optical fibre", "Nyuzi za mwanga"),
    ("microwave", "Microwave", "Mikrowevu"),
    ("wifi", "Wi-Fi", "Wi-Fi"),
    ("cellular", "Mobile network", "Mtandao wa simu"),
    ("copper", "Copper", "Shaba"),
    ("satellite", "Satellite", "Setilaiti"),
    closed=False,
)

ROAD_CLASS = _codelist(
    "roadClass",
    ("A", "International trunk road", "Barabara kuu ya kimataifa"),
    ("B", "National trunk road", "Barabara kuu ya kitaifa"),
    ("C", "Primary road", "Barabara ya msingi"),
    ("D", "Secondary road", "Barabara ya pili"),
    ("E", "Minor road", "Barabara ndogo"),
    ("street", "Street", "Mtaa"),
    closed=False,
    source="Kenya's road classes A to E; street is ours",
)

VISIBILITY = _codelist(
    "visibility",
    ("public", "Public", "Kwa umma"),
    ("staff", "Staff only", "Wafanyakazi pekee"),
)

CONTRACT_TYPE = _codelist(
    "contractType",
    ("ppp", "Public-private partnership", "Ubia wa umma na binafsi"),
    ("private", "Private", "Binafsi"),
    ("public", "Public", "Umma"),
    closed=False,
    source=OFDS,
)

CURRENCY = _codelist(
    "currency",
    ("KES", "Kenyan shilling", "Shilingi ya Kenya"),
    ("USD", "US dollar", "Dola ya Marekani"),
    ("EUR", "Euro", "Yuro"),
    ("GBP", "Pound sterling", "Pauni ya Uingereza"),
    closed=False,
    source="ISO 4217",
)

STRUCTURE_TYPE = _codelist(
    "structureType",
    ("manhole", "Manhole", "Shimo kubwa la kebo"),
    ("handhole", "Handhole", "Shimo dogo la kebo"),
    ("pole", "Pole", "Nguzo"),
    ("ductEnd", "End of a duct", "Mwisho wa mfereji"),
    ("marker", "Marker post", "Kigingi cha alama"),
    ("slack", "Slack loop", "Kebo ya akiba"),
    ("closure", "Splice closure", "Kifungio cha nyuzi"),
    closed=False,
)

EQUIPMENT_CATEGORY = _codelist(
    "equipmentCategory",
    ("router", "Router", "Ruta"),
    ("switch", "Switch", "Swichi"),
    ("olt", "Optical line terminal", "OLT"),
    ("ont", "Optical network terminal", "ONT"),
    ("accessPoint", "Wi-Fi access point", "Kituo cha Wi-Fi"),
    ("microwaveRadio", "Microwave radio", "Redio ya mikrowevu"),
    ("firewall", "Firewall", "Ukuta wa usalama"),
    ("server", "Server", "Seva"),
    ("ups", "Uninterruptible power supply", "UPS"),
    ("battery", "Battery", "Betri"),
    ("generator", "Generator", "Jenereta"),
    ("patchPanel", "Patch panel", "Paneli ya viunganishi"),
    ("mediaConverter", "Media converter", "Kigeuzi cha mawimbi"),
    closed=False,
)

LIFECYCLE = _codelist(
    "lifecycle",
    ("ordered", "Ordered", "Imeagizwa"),
    ("received", "Received", "Imepokelewa"),
    ("installed", "Installed", "Imewekwa"),
    ("inService", "In service", "Inatumika"),
    ("underRepair", "Under repair", "Inatengenezwa"),
    ("retired", "Retired", "Imeondolewa"),
)

CERTIFICATION = _codelist(
    "certification",
    ("never", "Never certified", "Haijawahi kuthibitishwa"),
    ("due", "Due within 30 days", "Inatakiwa ndani ya siku 30"),
    ("valid", "Valid", "Halali"),
    ("overdue", "Overdue", "Imepitwa na wakati"),
    ("failed", "Failed", "Imeshindwa"),
)

WORK_KIND = _codelist(
    "workKind",
    ("procurement", "Procurement", "Ununuzi"),
    ("installation", "Installation", "Uwekaji"),
    ("configuration", "Configuration", "Usanidi"),
    ("inspection", "Inspection", "Ukaguzi"),
    ("verification", "Verification", "Uhakiki"),
    ("validation", "Validation", "Uthibitisho wa matumizi"),
    ("certification", "Certification", "Uthibitishaji"),
    ("fault", "Fault found", "Hitilafu imepatikana"),
    ("repair", "Repair", "Ukarabati"),
    ("retirement", "Retirement", "Kuondoa kwenye matumizi"),
)

WORK_RESULT = _codelist(
    "workResult",
    ("passed", "Passed", "Imefaulu"),
    ("failed", "Failed", "Imeshindwa"),
    ("done", "Done", "Imefanyika"),
    ("notDone", "Not done", "Haijafanyika"),
)

MEASUREMENT_KIND = _codelist(
    "measurementKind",
    ("otdr", "OTDR trace", "Kipimo cha OTDR"),
    ("opticalPower", "Optical power", "Nguvu ya mwanga"),
    ("insertionLoss", "Insertion loss", "Upotevu wa mwanga"),
)

JOIN_DECISION = _codelist(
    "joinDecision",
    ("confirmed", "One place", "Mahali pamoja"),
    ("rejected", "Two places", "Mahali pawili"),
)

FAULT_SOURCE = _codelist(
    "faultSource",
    ("technician", "Technician", "Fundi"),
    ("citizen", "Citizen", "Mwananchi"),
    ("otdr", "OTDR", "OTDR"),
    ("monitoring", "Monitoring", "Ufuatiliaji"),
    closed=False,
)
