"""Nodes of two networks that may be one place, as processes."""

from __future__ import annotations

from gis_service.model import codelists
from gis_service.model.audience import Audience
from gis_service.model.fields import Code, Codelist, FieldType, Text
from gis_service.model.joins import MOST_WITHIN_M, USUAL_WITHIN_M
from gis_service.model.processes.words import Process, given, told

T = FieldType

UNDECIDED = "undecided"
DECISION = Codelist(
    "joinDecisionAsked",
    (*codelists.JOIN_DECISION, Code(UNDECIDED, Text("Take back", "Ondoa uamuzi"))),
)

_PAIR = (
    told("node_a", T.REFERENCE, ("First node", "Kituo cha kwanza"), references="network_nodes"),
    told("network_a", T.TEXT, ("Its network", "Mtandao wake")),
    told("node_b", T.REFERENCE, ("Second node", "Kituo cha pili"), references="network_nodes"),
    told("network_b", T.TEXT, ("Network of the second", "Mtandao wa cha pili")),
    told("distance_m", T.NUMBER, ("Distance", "Umbali"), unit="m"),
    told("score", T.NUMBER, ("Likeness", "Mfanano"),
         ("How probable it is that they are one place, 0 to 1.",
          "Uwezekano kuwa ni mahali pamoja, 0 hadi 1.")),
    told("names", T.NUMBER, ("Likeness of the names", "Mfanano wa majina"),
         ("0 to 1; empty where one name tells nothing.",
          "0 hadi 1; tupu ikiwa jina moja halielezi kitu.")),
    told("nearness", T.NUMBER, ("Nearness", "Ukaribu"),
         ("1 at the same position, 0.5 at 250 m.", "1 mahali pale pale, 0.5 kwa m 250.")),
    told("same_id", T.BOOLEAN, ("One identifier", "Kitambulisho kimoja")),
    told("decision", T.CODE, ("Decision", "Uamuzi"), codelist=codelists.JOIN_DECISION),
    told("note", T.TEXT, ("Note", "Maelezo")),
)

JOIN_CANDIDATES = Process(
    "join-candidates",
    Text("Nodes that may be one place", "Vituo vinavyoweza kuwa mahali pamoja"),
    Text("Nodes of two networks that lie near each other and have like names, the most probable "
         "first, each with what its score comes from.",
         "Vituo vya mitandao miwili vilivyo karibu na vyenye majina yanayofanana, vya uwezekano "
         "mkubwa kwanza, kila jozi na sababu ya alama zake."),
    (
        given("within_m", T.NUMBER, ("Within", "Ndani ya"),
              ("How far apart they may lie.", "Umbali unaoruhusiwa kati yao."),
              default=USUAL_WITHIN_M, unit="m", minimum=1, maximum=MOST_WITHIN_M),
        given("network", T.REFERENCE, ("Network", "Mtandao"),
              ("Only pairs with a node of this network.", "Jozi zenye kituo cha mtandao huu tu."),
              references="networks"),
        given("rejected", T.BOOLEAN, ("Rejected ones too", "Zilizokataliwa pia"),
              ("Also pairs of which somebody said that they are two places.",
               "Pia jozi ambazo mtu alisema ni mahali pawili."), default=False),
        given("first", T.INTEGER, ("Pass over", "Ruka"),
              ("How many of the most probable to pass over; 500 come at once.",
               "Ni ngapi zenye uwezekano mkubwa za kuruka; 500 huja kwa mara moja."),
              default=0, minimum=0),
    ),
    Audience.PLANNER,
    then="decide-join",
    answer=(
        told("proposed", T.INTEGER, ("Proposed", "Zilizopendekezwa"),
             ("How many there are in all.", "Ni ngapi kwa jumla.")),
        told("left_out", T.INTEGER, ("Near, but unlike", "Karibu, lakini hazifanani")),
        *_PAIR,
    ),
)

JOINED_NODES = Process(
    "joined-nodes",
    Text("Nodes that are joined", "Vituo vilivyounganishwa"),
    Text("Nodes of two networks of which somebody confirmed that they are one place.",
         "Vituo vya mitandao miwili ambavyo mtu alithibitisha kuwa ni mahali pamoja."),
    (),
    Audience.PLANNER,
    answer=_PAIR,
)

DECIDE_JOIN = Process(
    "decide-join",
    Text("Decide whether two nodes are one place", "Amua kama vituo viwili ni mahali pamoja"),
    Text("Nodes that are confirmed to be one place join their networks: traffic passes between "
         "them. Neither node is changed.",
         "Vituo vilivyothibitishwa kuwa mahali pamoja huunganisha mitandao yao: mawasiliano "
         "hupita kati yao. Hakuna kituo kinachobadilishwa."),
    (
        given("node_a", T.REFERENCE, ("First node", "Kituo cha kwanza"),
              ("A node of one network.", "Kituo cha mtandao mmoja."),
              references="network_nodes", required=True),
        given("node_b", T.REFERENCE, ("Second node", "Kituo cha pili"),
              ("A node of another network.", "Kituo cha mtandao mwingine."),
              references="network_nodes", required=True),
        given("decision", T.CODE, ("Decision", "Uamuzi"),
              ("Whether they are one place, or to take back what was decided.",
               "Kama ni mahali pamoja, au kuondoa uamuzi wa awali."),
              codelist=DECISION, required=True),
        given("note", T.TEXT, ("Note", "Maelezo"), ("Why.", "Kwa nini.")),
    ),
    Audience.PLANNER,
    changes=True,
    geojson=False,
    answer=_PAIR,
)
