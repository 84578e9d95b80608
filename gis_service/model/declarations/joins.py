"""Nodes of two networks that stand at one place, as a person decided."""

from __future__ import annotations

from gis_service.model import codelists
from gis_service.model.declarations.words import T, field, name, reference
from gis_service.model.fields import Collection, GeometryType, Text

NODE_JOINS = Collection(
    "node_joins",
    Text("Joined nodes", "Vituo vilivyounganishwa"),
    Text("Pairs of nodes of two networks of which a person decided whether they are one place.",
         "Jozi za vituo vya mitandao miwili ambazo mtu aliamua kama ni mahali pamoja."),
    (
        name("The names of both nodes when it was decided.",
             "Majina ya vituo vyote viwili wakati wa uamuzi."),
        reference("node_a", "network_nodes", ("First node", "Kituo cha kwanza"),
                  ("Of the two nodes the one with the lower id.",
                   "Kati ya vituo viwili, chenye kitambulisho kidogo."), required=True),
        reference("node_b", "network_nodes", ("Second node", "Kituo cha pili"),
                  ("The other node.", "Kituo kingine."), required=True),
        field("decision", T.CODE, ("Decision", "Uamuzi"),
              ("Whether they are one place: traffic passes between them only if so.",
               "Kama ni mahali pamoja: mawasiliano hupita kati yao ikiwa ndivyo tu."),
              codelist=codelists.JOIN_DECISION, required=True),
        field("distance_m", T.NUMBER, ("Distance", "Umbali"),
              ("Between the two when it was decided.", "Kati ya viwili wakati wa uamuzi."),
              unit="m", minimum=0),
        field("score", T.NUMBER, ("Likeness", "Mfanano"),
              ("How probable it seemed, 0 to 1.", "Ulivyoonekana uwezekano, 0 hadi 1."),
              minimum=0, maximum=1),
        field("note", T.TEXT, ("Note", "Maelezo"),
              ("Why it was decided so.", "Kwa nini iliamuliwa hivyo.")),
        field("decided_at", T.TIMESTAMP, ("Decided at", "Iliamuliwa"),
              ("When it was decided.", "Wakati wa uamuzi."), required=True),
        field("by", T.PERSON, ("By", "Na"),
              ("Who decided: an id that stands for a person.", "Aliyeamua: kitambulisho.")),
    ),
    geometry=GeometryType.POINT,
    networked=False,
)
"""Two operators' nodes in one building stay two nodes: either can fail without the other."""
