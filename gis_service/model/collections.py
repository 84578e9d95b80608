"""
The collection registry: every kind of thing on the map, declared once.

Tables, API documents, validation, file mapping, popups, forms and the data
dictionary are derived from these declarations. A new kind of thing is one
declaration here and one migration.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gis_service.errors import UnknownCollection
from gis_service.model import codelists
from gis_service.model.fields import (
    Codelist,
    Collection,
    Field,
    FieldType,
    GeometryType,
    PublicRule,
    Text,
)

T = FieldType


def _field(
    name: str,
    type_: FieldType,
    titles: tuple[str, str],
    descriptions: tuple[str, str],
    **options: object,
) -> Field:
    return Field(name, type_, Text(*titles), Text(*descriptions), **options)  # type: ignore[arg-type]


def _status(of: str, ya: str, *, public: bool) -> Field:
    return _field(
        "status",
        T.CODE,
        ("Status", "Hali"),
        (f"Where {of} is in its life, from proposed to decommissioned.",
         f"Hatua ya {ya} katika maisha yake, tangu kupendekezwa hadi kuondolewa."),
        codelist=codelists.STATUS,
        required=True,
        public=public,
    )


def _name(en: str, sw: str, *, public: bool = False, required: bool = True) -> Field:
    return _field(
        "name", T.TEXT, ("Name", "Jina"), (en, sw),
        searchable=True, public=public, required=required,
    )


def _codes(
    name: str, titles: tuple[str, str], descriptions: tuple[str, str], codelist: Codelist
) -> Field:
    return _field(name, T.CODES, titles, descriptions, codelist=codelist)


def _owner(of: str, ya: str) -> Field:
    return _field(
        "owner", T.REFERENCE, ("Owner", "Mmiliki"),
        (f"The organisation that owns {of}.", f"Shirika linalomiliki {ya}."),
        references="organisations",
    )


_PROVIDERS = _field(
    "providers", T.REFERENCES, ("Network providers", "Watoa huduma"),
    ("The organisations that offer service here.", "Mashirika yanayotoa huduma hapa."),
    references="organisations",
)
_PHASE = _field(
    "phase", T.REFERENCE, ("Phase", "Awamu"),
    ("The phase of the plan in which it is built.", "Awamu ya mpango ambamo inajengwa."),
    references="phases",
)

ORGANISATIONS = Collection(
    "organisations",
    Text("Organisations", "Mashirika"),
    Text("Owners, providers, suppliers and funders of the network.",
         "Wamiliki, watoa huduma, wasambazaji na wafadhili wa mtandao."),
    (
        _name("The organisation's name.", "Jina la shirika."),
        _codes("roles", ("Roles", "Majukumu"),
               ("What the organisation does for the network.", "Kazi ya shirika katika mtandao."),
               codelists.ORGANISATION_ROLE),
        _field("country", T.TEXT, ("Country", "Nchi"),
               ("ISO 3166-1 alpha-2 code.", "Msimbo wa ISO 3166-1 alpha-2.")),
        _field("website", T.TEXT, ("Website", "Tovuti"),
               ("Address of its website.", "Anwani ya tovuti yake.")),
    ),
)

NETWORKS = Collection(
    "networks",
    Text("Networks", "Mitandao"),
    Text("A network of one owner; it fixes the extent its items lie in and its metric CRS.",
         "Mtandao wa mmiliki mmoja; unaweka eneo la vitu vyake na CRS yake ya mita."),
    (
        _name("The network's name.", "Jina la mtandao."),
        _field("extent", T.OBJECT, ("Extent", "Eneo"),
               ("Box that every item lies in: west, south, east, north in degrees (WGS84).",
                "Mraba ambamo kila kitu kimo: magharibi, kusini, mashariki, kaskazini (WGS84)."),
               required=True),
        _field("metric_srid", T.INTEGER, ("Metric CRS", "CRS ya mita"),
               ("EPSG code of the projected CRS in which areas and grids are computed.",
                "Msimbo wa EPSG wa CRS ya kupimia maeneo na gridi."),
               required=True, minimum=1024, maximum=32767),
        _field("synthetic", T.BOOLEAN, ("Synthetic", "Ya mfano"),
               ("Made up to show the service; describes nothing real.",
                "Imetungwa kuonyesha huduma; haielezi kitu halisi."), required=True),
    ),
    networked=False,
)

PHASES = Collection(
    "phases",
    Text("Phases", "Awamu"),
    Text("Steps of the plan in which parts of the network are built.",
         "Hatua za mpango ambazo sehemu za mtandao hujengwa."),
    (
        _name("The phase's name.", "Jina la awamu."),
        _field("description", T.TEXT, ("Description", "Maelezo"),
               ("What the phase builds.", "Kinachojengwa katika awamu.")),
        _field("starts_on", T.DATE, ("Starts on", "Inaanza"),
               ("First day.", "Siku ya kwanza.")),
        _field("ends_on", T.DATE, ("Ends on", "Inaisha"),
               ("Last day.", "Siku ya mwisho.")),
        _field("funders", T.REFERENCES, ("Funders", "Wafadhili"),
               ("Who pays.", "Wanaolipa."), references="organisations"),
    ),
)

NETWORK_NODES = Collection(
    "network_nodes",
    Text("Network nodes", "Vituo vya mtandao"),
    Text("Places where fibre links end or meet: points of presence, cabinets, closures, Wi-Fi.",
         "Mahali ambapo nyuzi zinaishia au kukutana: vituo, makabati, vifungio, Wi-Fi."),
    (
        _name("What people call the node.", "Jina la kituo.", public=True),
        _status("the node", "kituo", public=True),
        _codes("type", ("Function", "Kazi"),
               ("What the node does in the network; none for a plain junction.",
                "Kazi ya kituo katika mtandao; hakuna kwa makutano tu."),
               codelists.NODE_TYPE),
        _field("infrastructure", T.CODE, ("Stands in or on", "Kimewekwa katika"),
               ("The structure that holds the node.", "Muundo unaobeba kituo."),
               codelist=codelists.NODE_INFRASTRUCTURE),
        _field("public_wifi", T.BOOLEAN, ("Public Wi-Fi", "Wi-Fi ya umma"),
               ("Anyone may use Wi-Fi here.", "Mtu yeyote anaweza kutumia Wi-Fi hapa."),
               public=True, generated="coalesce(infrastructure = 'wifiAccessPoint', false)"),
        _field("gateway", T.BOOLEAN, ("Gateway", "Lango"),
               ("The network meets the internet or the backbone here.",
                "Mtandao unaungana na intaneti au mkongo hapa.")),
        _field("access_point", T.BOOLEAN, ("Access point", "Kituo cha kuungia"),
               ("Offices can be connected from here.", "Ofisi zinaweza kuungwa kutoka hapa.")),
        _field("spare_capacity", T.BOOLEAN, ("Spare capacity", "Nafasi ya ziada"),
               ("There is room for another connection.", "Kuna nafasi ya muunganisho mwingine.")),
        _field("power", T.BOOLEAN, ("Power", "Umeme"),
               ("There is electric power.", "Kuna umeme.")),
        _codes("technologies", ("Technologies", "Teknolojia"),
               ("Technologies used at the node.", "Teknolojia zinazotumika katika kituo."),
               codelists.NODE_TECHNOLOGY),
        _owner("the node", "kituo"),
        _PROVIDERS,
        _PHASE,
        _field("address", T.OBJECT, ("Address", "Anwani"),
               ("Street, locality, region, postal code, country.",
                "Mtaa, mahali, mkoa, msimbo wa posta, nchi.")),
        _field("accuracy_m", T.NUMBER, ("Position accuracy", "Usahihi wa mahali"),
               ("How far the true position may be from the stored one.",
                "Umbali ambao mahali halisi panaweza kuwa."), unit="m", minimum=0),
        _field("slack_m", T.NUMBER, ("Stored slack", "Kebo ya akiba"),
               ("Length of spare cable coiled here.", "Urefu wa kebo ya akiba hapa."),
               unit="m", minimum=0),
    ),
    geometry=GeometryType.POINT,
    public=PublicRule(
        only=(("status", ("operational",)),),
        exact_when=("infrastructure", "wifiAccessPoint"),
        snapped=True,
    ),
)

FIBRE_LINKS = Collection(
    "fibre_links",
    Text("Fibre links", "Nyuzi za mtandao"),
    Text("Cables and radio paths between two network nodes.",
         "Kebo na njia za redio kati ya vituo viwili vya mtandao."),
    (
        _name("What people call the link.", "Jina la uzi.", public=True, required=False),
        _status("the link", "uzi", public=True),
        _field("start_node", T.REFERENCE, ("Starts at", "Inaanzia"),
               ("The network node where it starts.", "Kituo inapoanzia."),
               references="network_nodes", required=True),
        _field("end_node", T.REFERENCE, ("Ends at", "Inaishia"),
               ("The network node where it ends.", "Kituo inapoishia."),
               references="network_nodes", required=True),
        _codes("medium", ("Medium", "Njia"),
               ("What carries the signal.", "Kinachobeba mawimbi."), codelists.MEDIUM),
        _codes("deployment", ("Deployment", "Uwekaji"),
               ("Above or below ground.", "Juu au chini ya ardhi."), codelists.DEPLOYMENT),
        _field("fibre_type", T.CODE, ("Fibre type", "Aina ya nyuzi"),
               ("ITU-T recommendation that the fibre meets.", "Pendekezo la ITU-T la nyuzi."),
               codelist=codelists.FIBRE_TYPE),
        _field("fibre_count", T.INTEGER, ("Fibres", "Idadi ya nyuzi"),
               ("Number of fibres in the cable.", "Idadi ya nyuzi ndani ya kebo."),
               minimum=0, maximum=10_000),
        _field("spare_fibres", T.INTEGER, ("Spare fibres", "Nyuzi za akiba"),
               ("Fibres that nothing uses.", "Nyuzi ambazo hazitumiki."),
               minimum=0, maximum=10_000),
        _field("fibre_length_m", T.NUMBER, ("Fibre length", "Urefu wa nyuzi"),
               ("Length of the fibre inside the cable, slack included.",
                "Urefu wa nyuzi ndani ya kebo, pamoja na akiba."), unit="m", minimum=0),
        _field("route_length_m", T.NUMBER, ("Route length", "Urefu wa njia"),
               ("Length along the ground, geodesic on WGS84.",
                "Urefu juu ya ardhi, kwa WGS84."), unit="m",
               public=True, public_step=100, generated="ST_Length(geom::geography)"),
        _field("splices", T.INTEGER, ("Splices", "Maungio"),
               ("Number of splices along the link.", "Idadi ya maungio."), minimum=0),
        _field("connectors", T.INTEGER, ("Connectors", "Viunganishi"),
               ("Number of connectors along the link.", "Idadi ya viunganishi."), minimum=0),
        _field("capacity_gbps", T.NUMBER, ("Capacity", "Uwezo"),
               ("Capacity that is lit, all providers together.",
                "Uwezo unaotumika, watoa huduma wote pamoja."), unit="Gbit/s", minimum=0),
        _codes("technologies", ("Technologies", "Teknolojia"),
               ("Technologies used on the link.", "Teknolojia zinazotumika."),
               codelists.LINK_TECHNOLOGY),
        _owner("the cable", "kebo"),
        _PROVIDERS,
        _field("supplier", T.REFERENCE, ("Supplier", "Msambazaji"),
               ("Who installed the cable.", "Aliyeweka kebo."), references="organisations"),
        _field("dark_fibre", T.BOOLEAN, ("Dark fibre", "Nyuzi zisizowashwa"),
               ("Fibre is offered without equipment.", "Nyuzi hutolewa bila vifaa.")),
        _field("shared_trench", T.TEXT, ("Shared trench", "Mtaro wa pamoja"),
               ("Name of the trench; one cut takes all links with the same name.",
                "Jina la mtaro; mkato mmoja hukata nyuzi zote zenye jina hilo.")),
        _PHASE,
        _field("ready_for_service_date", T.DATE, ("Ready for service", "Tayari kwa huduma"),
               ("Day on which it is or was ready.", "Siku iliyo tayari au iliyokuwa tayari.")),
    ),
    geometry=GeometryType.LINE_STRING,
    public=PublicRule(only=(("status", ("operational",)),), snapped=True),
)

OFFICES = Collection(
    "offices",
    Text("Offices", "Ofisi"),
    Text("Every place that the plan wants connected: offices, health facilities, schools, markets.",
         "Kila mahali ambapo mpango unataka paunganishwe: ofisi, vituo vya afya, shule, masoko."),
    (
        _name("What people call the office.", "Jina la ofisi.", public=True),
        _field("office_type", T.CODE, ("Type", "Aina"),
               ("What kind of place it is.", "Ni mahali pa aina gani."),
               codelist=codelists.OFFICE_TYPE, required=True, public=True),
        _field("theme", T.CODE, ("Theme", "Mada"),
               ("The theme of the ICT roadmap that it counts for.",
                "Mada ya mpango wa TEHAMA inayohusika."),
               codelist=codelists.THEME, public=True),
        _field("served_by", T.REFERENCE, ("Served by", "Inahudumiwa na"),
               ("The network node that serves it.", "Kituo kinachoihudumia."),
               references="network_nodes"),
        _field("connection", T.CODE, ("Connection", "Muunganisho"),
               ("Whether it is connected, as reported.", "Kama imeunganishwa, kama ilivyoripotiwa."),
               codelist=codelists.CONNECTION, required=True, public=True),
        _field("connected_since", T.DATE, ("Connected since", "Imeunganishwa tangu"),
               ("First day of service.", "Siku ya kwanza ya huduma.")),
        _field("technology", T.CODE, ("Technology", "Teknolojia"),
               ("What connects it.", "Kinachoiunganisha."),
               codelist=codelists.ACCESS_TECHNOLOGY),
        _field("required_mbps", T.NUMBER, ("Bandwidth required", "Kasi inayohitajika"),
               ("What its work needs.", "Inayohitajika kwa kazi yake."),
               unit="Mbit/s", minimum=0),
        _field("measured_mbps", T.NUMBER, ("Bandwidth measured", "Kasi iliyopimwa"),
               ("What was measured last.", "Iliyopimwa mara ya mwisho."),
               unit="Mbit/s", minimum=0),
        _field("staff", T.INTEGER, ("Staff", "Wafanyakazi"),
               ("People who work there.", "Watu wanaofanya kazi hapo."), minimum=0),
        _field("beneficiaries", T.INTEGER, ("Beneficiaries", "Wanufaika"),
               ("People whom it serves.", "Watu wanaohudumiwa."), minimum=0),
        _field("contact", T.TEXT, ("Contact", "Mawasiliano"),
               ("Whom to call; never public.", "Wa kupigiwa simu; si kwa umma.")),
    ),
    geometry=GeometryType.POINT,
    public=PublicRule(),
)

WARDS = Collection(
    "wards",
    Text("Wards", "Wadi"),
    Text("County assembly wards, with the people who live there.",
         "Wadi za bunge la kaunti, na watu wanaoishi humo."),
    (
        _field("code", T.TEXT, ("Code", "Msimbo"),
               ("Code of the electoral commission (IEBC).", "Msimbo wa tume ya uchaguzi (IEBC)."),
               required=True, searchable=True, public=True),
        _name("The ward's name.", "Jina la wadi.", public=True),
        _field("constituency", T.TEXT, ("Constituency", "Eneo bunge"),
               ("The constituency that it lies in.", "Eneo bunge ilimo."),
               searchable=True, public=True),
        _field("population", T.INTEGER, ("Population", "Idadi ya watu"),
               ("People who live there.", "Watu wanaoishi humo."), minimum=0, public=True),
        _field("population_year", T.INTEGER, ("Year of population", "Mwaka wa idadi ya watu"),
               ("Year of the count.", "Mwaka wa hesabu."),
               minimum=1800, maximum=2200, public=True),
        _field("source", T.TEXT, ("Source", "Chanzo"),
               ("Where outline and figures come from.", "Mipaka na takwimu zilikotoka."),
               public=True),
        _field("outline_approximate", T.BOOLEAN, ("Approximate outline", "Mipaka ya kukadiria"),
               ("The outline is drawn roughly and must not be used to decide anything.",
                "Mipaka imechorwa kwa kukadiria; isitumike kuamua jambo."), public=True),
    ),
    geometry=GeometryType.MULTI_POLYGON,
    key="code",
    networked=False,
    public=PublicRule(),
)

ROADS = Collection(
    "roads",
    Text("Roads", "Barabara"),
    Text("Roads along which links can run, and by which people find their way.",
         "Barabara ambazo nyuzi hupita kando yake."),
    (
        _name("The road's number or name.", "Namba au jina la barabara.",
              public=True, required=False),
        _field("road_class", T.CODE, ("Class", "Daraja"),
               ("Class of the road.", "Daraja la barabara."),
               codelist=codelists.ROAD_CLASS, public=True),
        _field("source", T.TEXT, ("Source", "Chanzo"),
               ("Where it comes from.", "Ilikotoka."), public=True),
    ),
    geometry=GeometryType.LINE_STRING,
    networked=False,
    public=PublicRule(),
)

SYSTEM_FIELDS: tuple[Field, ...] = (
    _field("visibility", T.CODE, ("Visibility", "Nani aone"),
           ("Who may see the row.", "Nani anaweza kuona."), codelist=codelists.VISIBILITY),
    _field("version", T.INTEGER, ("Version", "Toleo"),
           ("Counts the row's changes.", "Huhesabu mabadiliko."), minimum=1),
    _field("updated_at", T.TIMESTAMP, ("Updated at", "Ilisasishwa"),
           ("Time of its last change.", "Wakati wa badiliko la mwisho.")),
)
"""What every row has besides its collection's fields; staff see it, the public never."""


class Registry(Mapping[str, Collection]):
    """The collections by id, in an order in which references come after what they name."""

    def __init__(self, *collections: Collection) -> None:
        self._by_id = {c.id: c for c in collections}
        for position, collection in enumerate(collections):
            earlier = {c.id for c in collections[: position + 1]}
            for field in collection.fields:
                if field.references is not None and field.references not in earlier:
                    raise ValueError(f"{collection.id}.{field.name} names a later collection")

    def __getitem__(self, id_: str) -> Collection:
        try:
            return self._by_id[id_]
        except KeyError:
            raise UnknownCollection(id_, known=self._by_id) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_id)

    def __len__(self) -> int:
        return len(self._by_id)

    def __contains__(self, id_: object) -> bool:
        return id_ in self._by_id


REGISTRY = Registry(
    NETWORKS, ORGANISATIONS, PHASES, NETWORK_NODES, FIBRE_LINKS, OFFICES, WARDS, ROADS
)
