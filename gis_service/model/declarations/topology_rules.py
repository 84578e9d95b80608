"""The rules of how loaded links and nodes hang together; none of them rejects a row."""

from __future__ import annotations

from gis_service.model.declarations.words import rule
from gis_service.model.reports import Severity

_WARNING = Severity.WARNING

TOPOLOGY_RULES = (
    rule("end-near-node",
         ("A link ends near its node, but not at it", "Uzi unaishia karibu na kituo, si hapo"),
         ("Move one of them in the file, or join ends from farther (--snap).",
          "Sogeza kimojawapo katika faili, au unganisha kutoka mbali zaidi (--snap)."),
         severity=_WARNING),
    rule("end-far-from-node",
         ("A link ends far from the node that it names", "Uzi unaishia mbali na kituo unachotaja"),
         ("Find out which of the two is misplaced, or whether it is the right node.",
          "Tafuta kipi kiko mahali pasipo sahihi, au kama ni kituo sahihi."), severity=_WARNING),
    rule("loose-end",
         ("A link ends where no node is", "Uzi unaishia pasipo na kituo"),
         ("Load the node first, join ends from farther (--snap), or have it made (--create-nodes).",
          "Pakia kituo kwanza, unganisha kutoka mbali (--snap), au kiundwe (--create-nodes)."),
         severity=_WARNING),
    rule("end-on-link",
         ("A link ends on another one where that has no node",
          "Uzi unaishia juu ya mwingine pasipo na kituo"),
         ("If they are joined there, split the other link at a node.",
          "Kama vimeunganishwa hapo, gawanya uzi mwingine kwenye kituo."), severity=_WARNING),
    rule("crossing-links",
         ("Links cross where they have no node", "Nyuzi zinakatana pasipo na kituo"),
         ("If they are joined there, split both at a node; if one only passes, leave it.",
          "Kama zimeunganishwa hapo, zigawanye kwenye kituo; kama moja inapita tu, iache."),
         severity=_WARNING),
    rule("no-access-point",
         ("A part of the network reaches no access point",
          "Sehemu ya mtandao haifiki kituo cha kuungia"),
         ("Load the links that are missing, or mark the access point or gateway of that part.",
          "Pakia nyuzi zinazokosekana, au weka alama ya kituo cha kuungia au lango la sehemu."),
         severity=_WARNING),
    rule("duplicate-link",
         ("The same link twice in the file", "Uzi uleule mara mbili katika faili"),
         ("Keep one; two cables in one trench should differ in what they say.",
          "Bakiza mmoja; kebo mbili za mtaro mmoja zitofautiane maelezo."), severity=_WARNING),
)
