"""
The rules of the quality report, by their stable ids.

`schema-...` is a keyword of the standard's JSON Schema. Names with underscores are
those that libcoveofds gives to the standard's other rules. `KIS-...` are ours: what
neither of them sees. A finding may be milder than its rule where the distance is small.
"""

from __future__ import annotations

from collections.abc import Iterator

from gis_service.model.declarations.words import rule
from gis_service.model.reports import Rule, Severity

_WARNING, _INFO = Severity.WARNING, Severity.INFO

_SCHEMA = (
    rule("schema-required", ("A required property is missing", "Sifa inayohitajika haipo"),
         ("Add it.", "Iongeze.")),
    rule("schema-type", ("A value of the wrong type", "Thamani ya aina isiyo sahihi"),
         ("Write numbers without quotes, true or false for yes or no, text in quotes.",
          "Andika namba bila alama za nukuu, true au false kwa ndiyo au hapana, maandishi "
          "katika alama za nukuu.")),
    rule("schema-enum", ("A code that its closed list lacks", "Msimbo haumo katika orodha funge"),
         ("Use a code of the list, spelled as there.",
          "Tumia msimbo wa orodha, ulioandikwa vilevile.")),
    rule("schema-const", ("Not the one value that is valid", "Si thamani pekee iliyo sahihi"),
         ("Copy the value that the message names.", "Nakili thamani inayotajwa na ujumbe.")),
    rule("schema-format", ("A value not in its format", "Thamani haiko katika muundo wake"),
         ("Dates are 2026-03-31, ids of networks are UUIDs, addresses begin with https://.",
          "Tarehe ni 2026-03-31, vitambulisho vya mitandao ni UUID, anwani huanza na https://.")),
    rule("schema-pattern", ("A text that its pattern forbids", "Maandishi yasiyoruhusiwa"),
         ("Only the first link of a network may be 'describedby'.",
          "Ni kiungo cha kwanza tu cha mtandao kinachoweza kuwa 'describedby'.")),
    rule("schema-empty", ("An empty value", "Thamani tupu"),
         ("Leave the property out: the standard has no empty values.",
          "Iache sifa hiyo: kiwango hakina thamani tupu.")),
    rule("schema-unique", ("The same member twice in an array", "Kitu kimoja mara mbili"),
         ("Take one of them out.", "Toa kimoja.")),
    rule("schema-additional", ("A property that is not allowed here", "Sifa isiyoruhusiwa hapa"),
         ("Take it out, or put it on the object around.",
          "Itoe, au iweke kwenye kitu kinachoizunguka.")),
)

_KINDS = {
    "node": ("A node", "Nodi"),
    "span": ("A span", "Kipande"),
    "phase": ("A phase", "Awamu"),
    "contract": ("A contract", "Mkataba"),
    "organisation": ("An organisation", "Shirika"),
}
_TARGETS = {
    "phase_reference": ("phase", "awamu"),
    "related_phase_reference": ("phase", "awamu"),
    "organisation_reference": ("organisation", "shirika"),
}


def _references() -> Iterator[Rule]:
    for kind, target in (
        ("node", "phase_reference"),
        ("span", "phase_reference"),
        ("contract", "related_phase_reference"),
        ("node", "organisation_reference"),
        ("span", "organisation_reference"),
        ("phase", "organisation_reference"),
    ):
        (en, sw), (what, nini) = _KINDS[kind], _TARGETS[target]
        yield rule(
            f"{kind}_{target}_id_not_found",
            (f"{en} names a {what} that is not in the network",
             f"{sw} inataja {nini} isiyo katika mtandao"),
            (f"Add the {what}, or correct its id.",
             "Ongeza kinachotajwa, au sahihisha kitambulisho."),
        )
        yield rule(
            f"{kind}_{target}_name_does_not_match",
            (f"{en} names a {what} by another name than its own",
             f"{sw} inataja {nini} kwa jina lisilo lake"),
            ("Use one name in both places.", "Tumia jina moja mahali pote pawili."),
        )
        yield rule(
            f"{kind}_{target}_name_set_but_not_in_original",
            (f"{en} gives a {what} a name that it does not have itself",
             f"{sw} inaipa {nini} jina ambalo yenyewe haina"),
            (f"Give the {what} its name.", "Kipe jina kinachotajwa."),
        )


_STANDARD = (
    rule("span_start_node_not_found",
         ("A span starts at a node that is not there", "Kipande kinaanzia nodi isiyokuwepo"),
         ("Add the node, or correct the span's start.",
          "Ongeza nodi, au sahihisha mwanzo wa kipande.")),
    rule("span_end_node_not_found",
         ("A span ends at a node that is not there", "Kipande kinaishia nodi isiyokuwepo"),
         ("Add the node, or correct the span's end.",
          "Ongeza nodi, au sahihisha mwisho wa kipande.")),
    rule("node_location_type_incorrect",
         ("A node's location is no Point", "Mahali pa nodi si Point"),
         ("Give one position: a node stands in one place.",
          "Toa nafasi moja: nodi iko mahali pamoja.")),
    rule("node_location_coordinates_incorrect",
         ("A node's coordinates are no position", "Viwianishi vya nodi si nafasi"),
         ("Write [longitude, latitude] as two numbers, without quotes.",
          "Andika [longitudo, latitudo] kama namba mbili, bila alama za nukuu.")),
    rule("span_route_type_incorrect",
         ("A span's route is no LineString", "Njia ya kipande si LineString"),
         ("Give one line; split a span of several parts at its nodes.",
          "Toa mstari mmoja; gawanya kipande chenye sehemu kadhaa kwenye nodi zake.")),
    rule("span_route_coordinates_incorrect",
         ("A route's coordinates are no positions", "Viwianishi vya njia si nafasi"),
         ("Write each vertex as [longitude, latitude], two numbers without quotes.",
          "Andika kila kipeo kama [longitudo, latitudo], namba mbili bila alama za nukuu.")),
    *_references(),
    rule("node_international_connections_country_not_set",
         ("An international connection without its country",
          "Muunganisho wa kimataifa bila nchi yake"),
         ("Give the country's code, such as UG.", "Toa msimbo wa nchi, kama UG.")),
    *(
        rule(f"duplicate_{kind}_id",
             (f"{en} has the id of another", f"{sw} ina kitambulisho cha kingine"),
             ("Give each its own id.", "Kipe kila kimoja kitambulisho chake."))
        for kind, (en, sw) in _KINDS.items()
    ),
    rule("node_not_used_in_any_spans",
         ("A node that no span joins", "Nodi isiyounganishwa na kipande chochote"),
         ("Add its spans, or check the ids of their starts and ends.",
          "Ongeza vipande vyake, au kagua vitambulisho vya mianzo na miisho."), severity=_WARNING),
    rule("has_links_with_external_node_data",
         ("Its nodes are in another file", "Nodi zake ziko katika faili nyingine"),
         ("Check that file too.", "Kagua faili hiyo pia."), severity=_INFO),
    rule("has_links_with_external_span_data",
         ("Its spans are in another file", "Vipande vyake viko katika faili nyingine"),
         ("Check that file too.", "Kagua faili hiyo pia."), severity=_INFO),
)

_OURS = (
    rule("KIS-G1", ("A position that cannot be right", "Nafasi isiyoweza kuwa sahihi"),
         ("Check that longitude stands first, and the signs.",
          "Kagua kuwa longitudo iko kwanza, na alama za kutoa.")),
    rule("KIS-G2", ("A route ends away from its node", "Njia inaishia mbali na nodi yake"),
         ("Find out which of the two is misplaced, and correct it.",
          "Tafuta kipi kati ya viwili kiko mahali pasipo sahihi, ukisahihishe.")),
    rule("KIS-G3", ("A span starts and ends at one node", "Kipande kinaanza na kuisha nodi moja"),
         ("Correct its start or its end.", "Sahihisha mwanzo au mwisho wake.")),
    rule("KIS-G4", ("A route repeats a vertex", "Njia inarudia kipeo"),
         ("Take the repeated vertices out.", "Toa vipeo vilivyorudiwa."), severity=_WARNING),
    rule("KIS-G5", ("Two routes cross without a node", "Njia mbili zinapishana bila nodi"),
         ("Nothing if one passes over the other; else add the node where they join.",
          "Hakuna ikiwa moja inapita juu ya nyingine; la sivyo ongeza nodi zinapoungana."),
         severity=_INFO),
    rule("KIS-G6", ("Fibre length and route do not fit", "Urefu wa nyuzi na njia havilingani"),
         ("Fibre length is in kilometres and a little more than the route.",
          "Urefu wa nyuzi ni kwa kilomita na huzidi njia kidogo."), severity=_WARNING),
    rule("KIS-G7", ("The network does not name its coordinate system",
                    "Mtandao hautaji mfumo wake wa viwianishi"),
         ("Add crs with its name and uri: OFDS is always in CRS84.",
          "Ongeza crs yenye name na uri: OFDS daima iko katika CRS84."), severity=_WARNING),
    rule("KIS-G8", ("A route without length", "Njia isiyo na urefu"),
         ("Draw the route, or leave it out.", "Chora njia, au iache.")),
    rule("KIS-G9", ("A node that its spans place elsewhere",
                    "Nodi ambayo vipande vyake vinaiweka kwingine"),
         ("Move the node to where its spans meet, once someone who knows the place agrees.",
          "Hamisha nodi mahali vipande vinapokutana, baada ya mwenyeji kukubali."),
         severity=_WARNING),
    rule("KIS-R1", ("A reference that leads nowhere, or names another",
                    "Rejeleo lisilofika, au linalotaja kingine"),
         ("Add what it names, or correct its id or name.",
          "Ongeza kinachotajwa, au sahihisha kitambulisho au jina.")),
    rule("KIS-R2", ("The same span twice", "Kipande kimoja mara mbili"),
         ("Keep one; two cables in one trench differ in what they say.",
          "Bakiza kimoja; kebo mbili katika mtaro mmoja hutofautiana katika maelezo."),
         severity=_WARNING),
    rule("KIS-R3", ("Two wayleaves with one id", "Vibali viwili, kitambulisho kimoja"),
         ("Give each its own id.", "Kipe kila kimoja kitambulisho chake.")),
    rule("KIS-R4", ("A span that does not say what it joins",
                    "Kipande kisichosema kinaunganisha nini"),
         ("Give its start and its end.", "Toa mwanzo na mwisho wake."), severity=_WARNING),
    rule("KIS-V1", ("A negative number", "Namba hasi"),
         ("Correct it; lengths, counts and amounts are never negative.",
          "Isahihishe; urefu, idadi na kiasi kamwe si hasi.")),
    rule("KIS-S1", ("A live span ends at a node that is not live",
                    "Kipande kinachofanya kazi kinaishia nodi isiyofanya kazi"),
         ("Correct the status of one of them.", "Sahihisha hali ya kimojawapo."),
         severity=_WARNING),
    rule("KIS-S2", ("Live before it is ready for service", "Inafanya kazi kabla ya kuwa tayari"),
         ("Correct the status or the date.", "Sahihisha hali au tarehe."), severity=_WARNING),
    rule("KIS-S3", ("A status that moved backwards", "Hali iliyorudi nyuma"),
         ("Check it: what was built is not unbuilt, only decommissioned.",
          "Ikague: kilichojengwa hakirudi nyuma, huondolewa tu."), severity=_WARNING),
    rule("KIS-N1", ("A part of the network without an access point",
                    "Sehemu ya mtandao bila kituo cha kujiunga"),
         ("Mark the nodes where others can join, or add the span that joins this part.",
          "Weka alama kwenye nodi za kujiunga, au ongeza kipande kinachounganisha sehemu hii."),
         severity=_WARNING),
    rule("KIS-N2", ("A span called after other nodes than it joins",
                    "Kipande chenye majina ya nodi nyingine"),
         ("Correct its name, or its start and end.", "Sahihisha jina lake, au mwanzo na mwisho."),
         severity=_WARNING),
    rule("KIS-C1", ("A code that its open list lacks", "Msimbo haumo katika orodha wazi"),
         ("Use a code of the list if one fits.", "Tumia msimbo wa orodha ukifaa."),
         severity=_INFO),
    rule("check-crashed", ("A check could not be made", "Ukaguzi haukufanyika"),
         ("It has checked nothing; report it.", "Haukukagua kitu; toa taarifa.")),
)

QUALITY_RULES = (*_SCHEMA, *_STANDARD, *_OURS)
