"""Where people are: offices, wards, roads, population."""

from __future__ import annotations

from gis_service.model import codelists
from gis_service.model.declarations.words import WARD, T, field, name
from gis_service.model.fields import Collection, GeometryType, PublicRule, Text

OFFICES = Collection(
    "offices",
    Text("Offices", "Ofisi"),
    Text("Every place that the plan wants connected: offices, health facilities, schools, markets.",
         "Kila mahali ambapo mpango unataka paunganishwe: ofisi, vituo vya afya, shule, masoko."),
    (
        name("What people call the office.", "Jina la ofisi.", public=True),
        field("office_type", T.CODE, ("Type", "Aina"),
               ("What kind of place it is.", "Ni mahali pa aina gani."),
               codelist=codelists.OFFICE_TYPE, required=True, public=True),
        field("theme", T.CODE, ("Theme", "Mada"),
               ("The theme of the ICT roadmap that it counts for.",
                "Mada ya mpango wa TEHAMA inayohusika."),
               codelist=codelists.THEME, public=True),
        field("served_by", T.REFERENCE, ("Served by", "Inahudumiwa na"),
               ("The network node that serves it.", "Kituo kinachoihudumia."),
               references="network_nodes"),
        field("connection", T.CODE, ("Connection", "Muunganisho"),
               ("Whether it is connected, as reported.", "Kama imeunganishwa, kwa ripoti."),
               codelist=codelists.CONNECTION, required=True, public=True),
        field("connected_since", T.DATE, ("Connected since", "Imeunganishwa tangu"),
               ("First day of service.", "Siku ya kwanza ya huduma.")),
        field("technology", T.CODE, ("Technology", "Teknolojia"),
               ("What connects it.", "Kinachoiunganisha."),
               codelist=codelists.ACCESS_TECHNOLOGY),
        field("required_mbps", T.NUMBER, ("Bandwidth required", "Kasi inayohitajika"),
               ("What its work needs.", "Inayohitajika kwa kazi yake."),
               unit="Mbit/s", minimum=0),
        field("measured_mbps", T.NUMBER, ("Bandwidth measured", "Kasi iliyopimwa"),
               ("What was measured last.", "Iliyopimwa mara ya mwisho."),
               unit="Mbit/s", minimum=0),
        field("staff", T.INTEGER, ("Staff", "Wafanyakazi"),
               ("People who work there.", "Watu wanaofanya kazi hapo."), minimum=0),
        field("beneficiaries", T.INTEGER, ("Beneficiaries", "Wanufaika"),
               ("People whom it serves.", "Watu wanaohudumiwa."), minimum=0),
        WARD,
        field("contact", T.TEXT, ("Contact", "Mawasiliano"),
               ("Whom to call; never public.", "Wa kupigiwa simu; si kwa umma."), personal=True),
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
        field("code", T.TEXT, ("Code", "Msimbo"),
               ("Code of the electoral commission (IEBC).", "Msimbo wa tume ya uchaguzi (IEBC)."),
               required=True, searchable=True, public=True),
        name("The ward's name.", "Jina la wadi.", public=True),
        field("constituency", T.TEXT, ("Constituency", "Eneo bunge"),
               ("The constituency that it lies in.", "Eneo bunge ilimo."),
               searchable=True, public=True),
        field("population", T.INTEGER, ("Population", "Idadi ya watu"),
               ("People who live there.", "Watu wanaoishi humo."), minimum=0, public=True),
        field("population_year", T.INTEGER, ("Year of population", "Mwaka wa idadi ya watu"),
               ("Year of the count.", "Mwaka wa hesabu."),
               minimum=1800, maximum=2200, public=True),
        field("source", T.TEXT, ("Source", "Chanzo"),
               ("Where outline and figures come from.", "Mipaka na takwimu zilikotoka."),
               public=True),
        field("outline_approximate", T.BOOLEAN, ("Approximate outline", "Mipaka ya kukadiria"),
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
        name("The road's number or name.", "Namba au jina la barabara.",
              public=True, required=False),
        field("road_class", T.CODE, ("Class", "Daraja"),
               ("Class of the road.", "Daraja la barabara."),
               codelist=codelists.ROAD_CLASS, public=True),
        field("source", T.TEXT, ("Source", "Chanzo"),
               ("Where it comes from.", "Ilikotoka."), public=True),
    ),
    geometry=GeometryType.LINE_STRING,
    networked=False,
    public=PublicRule(),
)

POPULATION = Collection(
    "population",
    Text("Population cells", "Seli za watu"),
    Text("Where people live, in cells; where there is none, it is unknown and never zero.",
         "Watu wanaishi wapi, kwa seli; pasipo na seli haijulikani, si sifuri."),
    (
        field("people", T.NUMBER, ("People", "Watu"),
              ("People who live in the cell.", "Watu wanaoishi katika seli."),
              minimum=0, required=True),
        field("year", T.INTEGER, ("Year", "Mwaka"),
              ("Year of the count.", "Mwaka wa hesabu."), minimum=1800, maximum=2200),
        field("source", T.TEXT, ("Source", "Chanzo"),
              ("Where the figure comes from.", "Takwimu ilikotoka.")),
    ),
    geometry=GeometryType.MULTI_POLYGON,
    networked=False,
    label="external_id",
)
