"""The way to a gateway, outages, and single points of failure, as processes."""

from __future__ import annotations

from gis_service.model import codelists
from gis_service.model.audience import Audience
from gis_service.model.fields import Code, Codelist, FieldType, Text
from gis_service.model.outage import GONE, Effect
from gis_service.model.processes.loss_budget import LOSS_BUDGET
from gis_service.model.processes.words import Input, Process, given, told
from gis_service.model.weak_points import WeakKind

T = FieldType

_LINK = told("link", T.REFERENCE, ("Fibre link", "Uzi"), references="fibre_links")
_NODE = told("node", T.REFERENCE, ("Network node", "Kituo"), references="network_nodes")
_OFFICES = (
    told("offices", T.INTEGER, ("Offices", "Ofisi"),
         ("Offices that lose service.", "Ofisi zinazopoteza huduma.")),
    told("beneficiaries", T.INTEGER, ("Beneficiaries", "Wanufaika"),
         ("People whom those offices serve, as far as known; whom two of them serve counts twice.",
          "Watu wanaohudumiwa na ofisi hizo; anayehudumiwa na mbili huhesabiwa mara mbili.")),
    told("offices_unknown", T.INTEGER, ("Of unknown beneficiaries", "Wanufaika wasiojulikana"),
         ("Offices of which nobody knows how many people they serve.",
          "Ofisi ambazo haijulikani zinahudumia watu wangapi.")),
)
_ROUTE_M = told("route_length_m", T.NUMBER, ("Route length", "Urefu wa njia"),
                ("Length along the ground.", "Urefu juu ya ardhi."), unit="m")
_FIBRE_M = told("fibre_length_m", T.NUMBER, ("Fibre length", "Urefu wa nyuzi"),
                ("Length of the fibre; unknown where that of a link is.",
                 "Urefu wa nyuzi; haujulikani ikiwa wa uzi mmoja haujulikani."), unit="m")

SCENARIO: Input = given(
    "scenario", T.REFERENCE, ("Scenario", "Hali ya majaribio"),
    ("What carries traffic in this scenario, instead of today.",
     "Kinachobeba mawasiliano katika hali hii, badala ya leo."),
    references="scenarios",
)
"""For every process that asks what carries traffic."""

LOSSES = ("typical_low_db", "typical_high_db", "limit_low_db", "limit_high_db", "measured_db")
"""What a way tells of the light on each link, in the words of the loss budget."""

TRACE = Process(
    "trace",
    Text("Way to the gateway", "Njia ya kufika lango"),
    Text("The shortest way from an office, a node or a piece of equipment to its gateway, over "
         "operational links that no open fault cuts; and what is downstream, without a gateway "
         "when the way's first node is gone.",
         "Njia fupi kutoka ofisi, kituo au kifaa hadi lango lake, kwa nyuzi zinazofanya kazi "
         "ambazo hazijakatwa na hitilafu; na vilivyo chini ya njia, visivyo na lango kituo cha "
         "kwanza kikiondoka."),
    (
        given("office", T.REFERENCE, ("Office", "Ofisi"),
              ("Start at the node that serves this office.",
               "Anza kwenye kituo kinachohudumia ofisi hii."), references="offices"),
        given("node", T.REFERENCE, ("Network node", "Kituo"),
              ("Start at this node.", "Anza kwenye kituo hiki."), references="network_nodes"),
        given("equipment", T.REFERENCE, ("Equipment", "Kifaa"),
              ("Start where this device stands.", "Anza pale kifaa hiki kilipo."),
              references="equipment"),
        given("to", T.REFERENCE, ("To node", "Hadi kituo"),
              ("Lead to this node instead of the nearest gateway.",
               "Fika kituo hiki badala ya lango la karibu."), references="network_nodes"),
        LOSS_BUDGET.by_name["wavelength_nm"],
        SCENARIO,
    ),
    Audience.TECHNICIAN,
    answer=(
        told("start_node", T.REFERENCE, ("Starts at", "Inaanzia"), references="network_nodes"),
        told("end_node", T.REFERENCE, ("Ends at", "Inaishia"), references="network_nodes"),
        told("reaches", T.BOOLEAN, ("There is a way", "Kuna njia")),
        told("ways", T.INTEGER, ("Independent ways", "Njia huru"),
             ("Ways to gateways that share no link, and no node but the gateway; 2 is two or more.",
              "Njia za malango zisizotumia uzi au kituo kimoja ila lango; 2 ni mbili au zaidi.")),
        told("gateways", T.INTEGER, ("Gateways", "Malango"),
             ("At how many gateways those ways end.", "Njia hizo zinaishia malango mangapi.")),
        told("one_trench", T.BOOLEAN, ("One trench takes all ways", "Mtaro mmoja hubeba njia zote"),
             ("One cut of a shared trench leaves no way.", "Mkato mmoja wa mtaro huacha bila njia.")
             ),
        told("joins", T.OBJECT, ("Joined to", "Imeunganishwa na"),
             ("Where the way passes into another network, after so many links.",
              "Njia inapoingia mtandao mwingine, baada ya nyuzi ngapi.")),
        told("order", T.INTEGER, ("Order", "Nafasi")),
        _LINK,
        told("from_node", T.REFERENCE, ("From", "Kutoka"), references="network_nodes"),
        told("to_node", T.REFERENCE, ("To", "Hadi"), references="network_nodes"),
        _ROUTE_M,
        _FIBRE_M,
        told("reached_m", T.NUMBER, ("Since the start", "Tangu mwanzo"),
             ("Length along the ground since the start.", "Urefu juu ya ardhi tangu mwanzo."),
             unit="m"),
        *(each for each in LOSS_BUDGET.answer if each.name in LOSSES),
        *(told(f"downstream_{each.name}", each.type,
               (f"{each.title.en} downstream", f"{each.title.sw} chini ya njia"))
          for each in (told("nodes", T.INTEGER, ("Nodes", "Vituo")), *_OFFICES)),
    ),
)

EFFECT = Codelist(
    "outageEffect",
    (
        Code(GONE, Text("Taken away", "Imeondolewa")),
        Code(Effect.CUT, Text("Without service", "Bila huduma")),
        Code(Effect.DEGRADED,
             Text("Second way or gateway lost", "Njia au lango la pili limepotea")),
    ),
)
"""What an outage does to an item, besides being taken away itself."""

OUTAGE_IMPACT = Process(
    "outage-impact",
    Text("Impact of an outage", "Athari za kukatika"),
    Text("Offices that lose their gateway, or their second independent way to one, when links, "
         "nodes, a trench or a site are gone.",
         "Ofisi zinazopoteza lango lake, au njia yake ya pili, nyuzi, vituo, mtaro au eneo "
         "vikiondoka."),
    (
        given("links", T.REFERENCES, ("Fibre links", "Nyuzi"),
              ("These links are gone.", "Nyuzi hizi zimeondoka."), references="fibre_links"),
        given("nodes", T.REFERENCES, ("Network nodes", "Vituo"),
              ("These nodes are gone.", "Vituo hivi vimeondoka."), references="network_nodes"),
        given("trench", T.TEXT, ("Shared trench", "Mtaro wa pamoja"),
              ("All links in this trench are gone.", "Nyuzi zote za mtaro huu zimeondoka.")),
        given("site", T.REFERENCE, ("Site", "Eneo"),
              ("This node and all that stand together with it are gone.",
               "Kituo hiki na vyote vilivyo pamoja nacho vimeondoka."),
              references="network_nodes"),
        SCENARIO,
    ),
    Audience.PLANNER,
    answer=(
        *(told(f"{effect}_{field.name}", field.type,
               (f"{field.title.en}: {EFFECT.title(effect, 'en').lower()}",
                f"{field.title.sw}: {EFFECT.title(effect, 'sw').lower()}"))
          for effect in Effect for field in _OFFICES),
        told("nodes_dark", T.INTEGER, ("Nodes without gateway", "Vituo bila lango")),
        told("offices_left_out", T.INTEGER, ("Offices not listed", "Ofisi zisizoorodheshwa")),
        told("effect", T.CODE, ("Effect", "Athari"), codelist=EFFECT),
        told("office", T.REFERENCE, ("Office", "Ofisi"), references="offices"),
        _NODE,
        _LINK,
        told("ward", T.TEXT, ("Ward", "Wadi")),
        told("theme", T.CODE, ("Theme", "Mada"), codelist=codelists.THEME),
        told("beneficiaries", T.INTEGER, ("Beneficiaries", "Wanufaika")),
        told("ways_before", T.INTEGER, ("Ways before", "Njia kabla")),
        told("ways_after", T.INTEGER, ("Ways after", "Njia baada")),
        told("gateways_before", T.INTEGER, ("Gateways before", "Malango kabla")),
        told("gateways_after", T.INTEGER, ("Gateways after", "Malango baada")),
    ),
)

KIND = Codelist(
    "weakPoint",
    (
        Code(WeakKind.LINK, Text("Fibre link", "Uzi")),
        Code(WeakKind.NODE, Text("Network node", "Kituo")),
        Code(WeakKind.TRENCH, Text("Shared trench", "Mtaro wa pamoja")),
        Code(WeakKind.SITE, Text("Nodes that stand together", "Vituo vilivyo pamoja")),
    ),
)

SINGLE_POINTS_OF_FAILURE = Process(
    "single-points-of-failure",
    Text("Single points of failure", "Sehemu dhaifu za mtandao"),
    Text("Links, nodes, trenches and sites without which others have no gateway, those first "
         "that darken most offices.",
         "Nyuzi, vituo, mitaro na maeneo ambayo bila hayo vingine havina lango, kwanza "
         "yanayozima ofisi nyingi."),
    (
        given("limit", T.INTEGER, ("How many", "Ngapi"),
              ("List so many of them.", "Orodhesha ngapi."),
              default=100, minimum=1, maximum=10_000),
        given("kind", T.CODE, ("Kind", "Aina"),
              ("List only such; all when empty.", "Orodhesha aina hii tu; zote ikiwa tupu."),
              codelist=KIND),
        SCENARIO,
    ),
    Audience.PLANNER,
    answer=(
        *(told(f"{code.code}_count", T.INTEGER, (f"{code.title.en}: how many",
                                                 f"{code.title.sw}: ngapi"))
          for code in KIND),
        told("rank", T.INTEGER, ("Rank", "Nafasi")),
        told("kind", T.CODE, ("Kind", "Aina"), codelist=KIND),
        told("name", T.TEXT, ("Name", "Jina")),
        _LINK,
        _NODE,
        told("trench", T.TEXT, ("Shared trench", "Mtaro wa pamoja")),
        *_OFFICES,
        told("nodes_dark", T.INTEGER, ("Nodes without gateway", "Vituo bila lango")),
    ),
)

NETWORK_PROCESSES = (TRACE, OUTAGE_IMPACT, SINGLE_POINTS_OF_FAILURE)
