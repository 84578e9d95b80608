"""
The codelists of the Open Fibre Data Standard: codes alone, as they stand.

What a closed list does not hold is invalid. An open list admits other codes,
which the quality report names. Titles of the codes that people choose from are
in `model.codelists`.
"""

from __future__ import annotations

from collections.abc import Mapping

from gis_service.model import codelists


def _codes(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# ISO 3166-1 alpha-2, and XK.
_COUNTRIES = _codes("""
AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS
BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE
EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM
HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC
LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA
NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW
SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO
TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW
""")

# ISO 4217 with withdrawn codes; the list of 0.3 lacks the last three.
_CURRENCIES = _codes("""
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP
BYN BZD CAD CDF CHE CHF CHW CLF CLP CNY COP COU CRC CUC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB
EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY
KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR
MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB
RWF SAR SBD SCR SDG SEK SGD SHP SLE SLL SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD
TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED VES VND VUV WST XAF XAG XAU XBA XBB XBC XBD XCD XDR
XOF XPD XPF XPT XSU XTS XUA XXX YER ZAR ZMW ZWL ADP AFA ALK AOK AON AOR ARA ARP ARY ATS AYM AZM
BAD BEC BEF BEL BGJ BGK BGL BOP BRB BRC BRE BRN BRR BUK BYB BYR CHC CSD CSJ CSK CYP DDM DEM ECS
ECV EEK ESA ESB ESP FIM FRF GEK GHC GHP GNE GNS GQE GRD GWE GWP HRD HRK IEP ILP ILR ISJ ITL LAJ
LSM LTL LTT LUC LUF LUL LVL LVR MGF MLF MRO MTL MTP MVQ MXP MZE MZM NIC NLG PEH PEI PES PLZ PTE
RHD ROK ROL RUR SDD SDP SIT SKK SRG STD SUR TJR TMM TPE TRL UAK UGS UGW USS UYN UYP VEB VEF VNC
XEU XFO XFU XRE YDD YUD YUM YUN ZAL ZMK ZRN ZRZ ZWC ZWD ZWN ZWR
""")
_CURRENCIES_SINCE_0_4 = ("XAD", "XCG", "ZWG")

# ISO 639-1, and bh.
_LANGUAGES = _codes("""
aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da
de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz
ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln
lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi
pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti
tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu
""")

_STATUS = codelists.STATUS.values()
_CLOSED: Mapping[str, tuple[str, ...]] = {
    "nodeStatus": _STATUS,
    "spanStatus": _STATUS,
    "geometryType": ("LineString", "Point"),
    "transmissionMedium": codelists.MEDIUM.values(),
    "deployment": codelists.DEPLOYMENT.values(),
    "fibreType": codelists.FIBRE_TYPE.values(),
    "country": _COUNTRIES,
}

_NODE_TYPES = codelists.NODE_TYPE.values()

_OPEN: Mapping[str, frozenset[str]] = {
    name: frozenset(codes)
    for name, codes in {
        "nodeType": _NODE_TYPES,
        "nodeTechnologies": ("mpls", "ip"),
        "spanTechnologies": ("dwdm", "sdh", "sonet", "tdm"),
        "nodeSupportingInfrastructure": (
            "building", "cabinet", "cableWell", "dataCentre", "exchange", "pole", "pylon",
            "substation", "tower",
        ),
        "spanSupportingInfrastructure": ("duct", "none", "pipe", "pole", "pylon"),
        "codeployment": (
            "wasteWater", "drinkingWater", "stormWater", "gas", "oil", "electricity", "road",
            "rail",
        ),
        "cableType": (
            "opgw", "adss", "oppc", "wrappedDielectric", "figureEight", "opnw", "opmw", "mass",
        ),
        "organisationRole": codelists.ORGANISATION_ROLE.values(),
        "contractType": codelists.CONTRACT_TYPE.values(),
        "linkRelationType": (
            "describedby",
            "tag:opentelecomdata.net,2022:nodesAPI",
            "tag:opentelecomdata.net,2022:nodesFile",
            "tag:opentelecomdata.net,2022:spansAPI",
            "tag:opentelecomdata.net,2022:spansFile",
        ),
        "language": _LANGUAGES,
    }.items()
}

_OPEN_UNTIL_0_3: Mapping[str, frozenset[str]] = {
    "nodeType": frozenset(
        (*_NODE_TYPES, "dataCentre", "tower", "cabinet", "exchange", "substation")
    ),
    "organisationRole": frozenset(
        ("physicalInfrastructureProvider", "networkProvider", "funder", "supplier")
    ),
}


def closed_codes(codelist: str, version: str) -> tuple[str, ...]:
    """
    The codes of a closed list in a version such as "0.3".

    Raises
    ------
    KeyError
        There is no closed list of that name.
    """
    if codelist == "currency":
        return _CURRENCIES if version < "0.4" else (*_CURRENCIES, *_CURRENCIES_SINCE_0_4)
    return _CLOSED[codelist]


def open_codes(codelist: str, version: str) -> frozenset[str] | None:
    """
    The codes of an open list in a version such as "0.3".

    None where others keep the list: `mediaType` (IANA) and
    `organisationIdentifierScheme` (org-id.guide).
    """
    if version < "0.4" and codelist in _OPEN_UNTIL_0_3:
        return _OPEN_UNTIL_0_3[codelist]
    return _OPEN.get(codelist)
