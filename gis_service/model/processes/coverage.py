"""Coverage by groups, and the scorecards of the themes, as processes."""

from __future__ import annotations

from gis_service.model import codelists
from gis_service.model.audience import Audience
from gis_service.model.coverage import WITHIN_M
from gis_service.model.fields import Code, Codelist, Field, FieldType, Text
from gis_service.model.indicators import GROUPING_TITLES, INDICATORS, PEOPLE, Grouping
from gis_service.model.processes.words import Process, given, told
from gis_service.model.scorecards import WINDOW_DAYS

MOST_WITHIN_M = 20_000.0
MOST_WINDOW_DAYS = 3_660

GROUPING = Codelist(
    "grouping", tuple(Code(each.value, GROUPING_TITLES[each]) for each in Grouping)
)

_SHOWN = (
    "offices", "share_connected", "share_unknown", "share_lit", "share_redundant",
    "share_bandwidth_met", "share_in_reach", f"share_{PEOPLE}", "km_operational", "open_faults",
    "disagreements",
)
"""Of all indicators those that pages show."""

COVERAGE = Process(
    "coverage",
    Text("Coverage", "Ufikiaji"),
    Text("Who is connected, carried and reached, by ward or another grouping, now, on another day "
         "or in a scenario. Every indicator's definition comes with the answer; an empty value "
         "is no data.",
         "Nani ameunganishwa na kufikiwa, kwa wadi au mgawanyo mwingine, sasa, siku nyingine au "
         "katika hali ya majaribio. Maelezo ya kila kipimo huja na jibu; thamani tupu ni "
         "kukosa data."),
    (
        given("by", FieldType.CODE, ("By", "Kwa"),
              ("By what it is told.", "Mgawanyo wake."), codelist=GROUPING,
              default=Grouping.WARD.value),
        given("theme", FieldType.CODE, ("Theme", "Mada"),
              ("Only what is of the offices of this theme; the rest is no data.",
               "Yanayohusu ofisi za mada hii pekee; mengine ni bila data."),
              codelist=codelists.THEME),
        given("day", FieldType.DATE, ("Day", "Siku"),
              ("The day that is told of, from the days in the records: since when offices are "
               "connected, when links are ready, when faults began and ended.",
               "Siku inayoelezwa, kutoka tarehe zilizo katika kumbukumbu: ofisi zimeunganishwa "
               "tangu lini, nyuzi ziko tayari lini, hitilafu zilianza na kuisha lini.")),
        given("recorded", FieldType.TIMESTAMP, ("Recorded at", "Kumbukumbu za"),
              ("The time whose records are used, for planners.",
               "Wakati ambao kumbukumbu zake hutumiwa, kwa wapangaji.")),
        given("plan", FieldType.BOOLEAN, ("With the plan", "Pamoja na mpango"),
              ("Whether what is planned, being built or not yet live works, too; with a day, what "
               "is due by then.",
               "Kama kilichopangwa, kinachojengwa au kisichowashwa kinafanya kazi pia; kukiwa na "
               "siku, kinachotarajiwa kufikia siku hiyo."),
              default=False),
        given("scenario", FieldType.REFERENCE, ("Scenario", "Hali ya majaribio"),
              ("A draft whose links are added and taken away.",
               "Rasimu ambayo nyuzi zake huongezwa na kuondolewa."), references="scenarios"),
        given("cut_links", FieldType.REFERENCES, ("Cut links", "Nyuzi zilizokatwa"),
              ("Links that carry nothing.", "Nyuzi zisizobeba kitu."), references="fibre_links"),
        given("cut_nodes", FieldType.REFERENCES, ("Nodes off", "Vituo vilivyozimwa"),
              ("Nodes that carry nothing.", "Vituo visivyobeba kitu."),
              references="network_nodes"),
        given("cut_trench", FieldType.TEXT, ("Cut trench", "Mtaro uliokatwa"),
              ("Name of a shared trench whose links carry nothing.",
               "Jina la mtaro wa pamoja ambao nyuzi zake hazibebi kitu.")),
        given("within_m", FieldType.NUMBER, ("Near is within", "Karibu ni ndani ya"),
              ("How far from an access point is near, along the ground.",
               "Umbali kutoka kituo cha kuungia unaohesabiwa kuwa karibu, juu ya ardhi."),
              unit="m", minimum=1, maximum=MOST_WITHIN_M, default=WITHIN_M),
        given("beside_now", FieldType.BOOLEAN, ("Beside now", "Kando ya sasa"),
              ("Whether the figures of now stand beside, as _before, with the difference as "
               "_change.",
               "Kama takwimu za sasa zioneshwe kando, pamoja na tofauti."),
              default=False),
        given("beside_day", FieldType.DATE, ("Beside a day", "Kando ya siku"),
              ("A day whose figures stand beside instead of those of now.",
               "Siku ambayo takwimu zake ziwe kando badala ya za sasa.")),
        given("shapes", FieldType.BOOLEAN, ("With areas", "Pamoja na maeneo"),
              ("Whether the areas of wards and constituencies come with their figures.",
               "Kama mipaka ya wadi na maeneo bunge ije pamoja na takwimu."),
              default=True),
    ),
    Audience.TECHNICIAN,
    answer=(
        told("title", FieldType.TEXT, ("Group", "Kundi")),
        *(
            Field(each.id, FieldType.NUMBER, each.title, each.description, unit=each.unit or None)
            for each in (INDICATORS[id_] for id_ in _SHOWN)
        ),
    ),
)

SCORECARDS = Process(
    "scorecards",
    Text("Scorecards", "Kadi za matokeo"),
    Text("Figures of the four themes of the ICT roadmap, each with its definition and its trend.",
         "Takwimu za mada nne za mpango wa TEHAMA, kila moja na maelezo na mwelekeo wake."),
    (
        given("since", FieldType.DATE, ("Since", "Tangu"),
              ("The earlier day with which trends compare; a year ago where none is given.",
               "Siku ya awali ya kulinganisha; mwaka mmoja uliopita isipotajwa.")),
        given("window_days", FieldType.INTEGER, ("Days", "Siku"),
              ("Over how many days repairs and availability are told.",
               "Siku ambazo matengenezo na upatikanaji huhesabiwa."),
              unit="d", minimum=1, maximum=MOST_WINDOW_DAYS, default=WINDOW_DAYS),
    ),
    Audience.TECHNICIAN,
    geojson=False,
)
