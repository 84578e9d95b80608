"""Networks and who stands behind them: organisations, phases, contracts, wayleaves."""

from __future__ import annotations

from gis_service.model import codelists
from gis_service.model.declarations.words import T, codes, field, name
from gis_service.model.fields import Collection, PublicRule, Text

NETWORKS = Collection(
    "networks",
    Text("Networks", "Mitandao"),
    Text("A network of one owner; it fixes the extent its items lie in and its metric CRS.",
         "Mtandao wa mmiliki mmoja; unaweka eneo la vitu vyake na CRS yake ya mita."),
    (
        name("The network's name.", "Jina la mtandao.", public=True),
        field("extent", T.OBJECT, ("Extent", "Eneo"),
               ("Box that every item lies in: west, south, east, north in degrees (WGS84).",
                "Mraba ambamo kila kitu kimo: magharibi, kusini, mashariki, kaskazini (WGS84)."),
               required=True),
        field("metric_srid", T.INTEGER, ("Metric CRS", "CRS ya mita"),
               ("EPSG code of the projected CRS in which areas and grids are computed.",
                "Msimbo wa EPSG wa CRS ya kupimia maeneo na gridi."),
               required=True, minimum=1024, maximum=32767),
        field("synthetic", T.BOOLEAN, ("Synthetic", "Ya mfano"),
               ("Made up to show the service; describes nothing real.",
                "Imetungwa kuonyesha huduma; haielezi kitu halisi."), required=True, public=True),
    ),
    networked=False,
    public=PublicRule(),
)

ORGANISATIONS = Collection(
    "organisations",
    Text("Organisations", "Mashirika"),
    Text("Owners, providers, suppliers and funders of the network.",
         "Wamiliki, watoa huduma, wasambazaji na wafadhili wa mtandao."),
    (
        name("The organisation's name.", "Jina la shirika."),
        codes("roles", ("Roles", "Majukumu"),
               ("What the organisation does for the network.", "Kazi ya shirika katika mtandao."),
               codelists.ORGANISATION_ROLE),
        field("country", T.TEXT, ("Country", "Nchi"),
               ("ISO 3166-1 alpha-2 code.", "Msimbo wa ISO 3166-1 alpha-2.")),
        field("website", T.TEXT, ("Website", "Tovuti"),
               ("Address of its website.", "Anwani ya tovuti yake.")),
    ),
)

PHASES = Collection(
    "phases",
    Text("Phases", "Awamu"),
    Text("Steps of the plan in which parts of the network are built.",
         "Hatua za mpango ambazo sehemu za mtandao hujengwa."),
    (
        name("The phase's name.", "Jina la awamu."),
        field("description", T.TEXT, ("Description", "Maelezo"),
               ("What the phase builds.", "Kinachojengwa katika awamu.")),
        field("starts_on", T.DATE, ("Starts on", "Inaanza"),
               ("First day.", "Siku ya kwanza.")),
        field("ends_on", T.DATE, ("Ends on", "Inaisha"),
               ("Last day.", "Siku ya mwisho.")),
        field("funders", T.REFERENCES, ("Funders", "Wafadhili"),
               ("Who pays.", "Wanaolipa."), references="organisations"),
    ),
)

CONTRACTS = Collection(
    "contracts",
    Text("Contracts", "Mikataba"),
    Text("Contracts under which the network is built and run.",
         "Mikataba ya kujenga na kuendesha mtandao."),
    (
        name("The contract's title.", "Kichwa cha mkataba."),
        field("description", T.TEXT, ("Description", "Maelezo"),
              ("What it is about.", "Unahusu nini.")),
        field("contract_type", T.CODE, ("Type", "Aina"),
              ("Who the parties are.", "Wahusika ni nani."), codelist=codelists.CONTRACT_TYPE),
        field("amount", T.NUMBER, ("Amount", "Kiasi"),
              ("Value of the contract, in its currency.", "Thamani ya mkataba, kwa sarafu yake."),
              minimum=0),
        field("currency", T.CODE, ("Currency", "Sarafu"),
              ("Currency of the amount.", "Sarafu ya kiasi."), codelist=codelists.CURRENCY),
        field("signed_on", T.DATE, ("Signed on", "Ulitiwa saini"),
              ("Day of signing.", "Siku ya kutia saini.")),
        field("documents", T.OBJECT, ("Documents", "Nyaraka"),
              ("Titles and addresses of its documents.", "Vichwa na anwani za nyaraka zake.")),
        field("related_phases", T.REFERENCES, ("Phases", "Awamu"),
              ("The phases that it covers.", "Awamu zinazohusika."), references="phases"),
    ),
)

WAYLEAVES = Collection(
    "wayleaves",
    Text("Wayleaves", "Vibali vya njia"),
    Text("Rights to lay and keep cables on land of others.",
         "Haki za kupitisha kebo kwenye ardhi ya wengine."),
    (
        field("grantor", T.REFERENCE, ("Granted by", "Kilitolewa na"),
              ("The organisation that granted it.", "Shirika lililokitoa."),
              references="organisations"),
        field("year_signed", T.INTEGER, ("Year signed", "Mwaka wa saini"),
              ("Year of signing.", "Mwaka wa kutia saini."), minimum=1800, maximum=2200),
        field("indefinite", T.BOOLEAN, ("Without end", "Bila kikomo"),
              ("It does not expire.", "Hakiishi muda.")),
        field("term_years", T.INTEGER, ("Term", "Muda"),
              ("Years for which it holds.", "Miaka ya kibali."), unit="a", minimum=0),
        field("cost_recurring", T.BOOLEAN, ("Paid every year", "Hulipwa kila mwaka"),
              ("The cost is paid every year.", "Gharama hulipwa kila mwaka.")),
        field("cost_per_metre", T.NUMBER, ("Cost per metre", "Gharama kwa mita"),
              ("Average cost of a metre, in its currency.", "Gharama ya wastani kwa mita."),
              minimum=0),
        field("currency", T.CODE, ("Currency", "Sarafu"),
              ("Currency of the cost.", "Sarafu ya gharama."), codelist=codelists.CURRENCY),
    ),
    label="external_id",
)
