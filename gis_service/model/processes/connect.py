"""What it costs to connect offices; making a plan of it, and taking that back."""

from __future__ import annotations

from gis_service.model import codelists
from gis_service.model.audience import Audience
from gis_service.model.fields import Code, Codelist, FieldType, Text
from gis_service.model.processes.words import Process, given, told

GOAL = Codelist(
    "goal",
    (
        Code("beneficiaries", Text("Most people served", "Watu wengi zaidi")),
        Code("offices", Text("Most offices connected", "Ofisi nyingi zaidi")),
    ),
)
ROLE = Codelist(
    "role",
    (
        Code("trench", Text("Trench", "Mtaro")),
        Code("office", Text("Office", "Ofisi")),
    ),
)
METHOD = Codelist(
    "method",
    (
        Code("roads", Text("Along roads", "Kando ya barabara")),
        Code("straightLines", Text("Straight lines times a detour factor, since no roads are known",
                                   "Mistari iliyonyooka mara kigezo, kwa kuwa hakuna barabara")),
    ),
)
OUTCOME = Codelist(
    "outcome",
    (
        Code("connect", Text("To connect", "Kuunganishwa")),
        Code("beyondBudget", Text("Not for this budget", "Si kwa bajeti hii")),
        Code("beneficiariesUnknown", Text("People unknown", "Watu hawajulikani")),
        Code("unreachable", Text("No access point leads there", "Hakuna kituo cha kuungia")),
    ),
)

_ASKED = (
    given("office", FieldType.REFERENCE, ("Office", "Ofisi"),
          ("This office only.", "Ofisi hii tu."), references="offices"),
    given("network", FieldType.REFERENCE, ("Network", "Mtandao"),
          ("Offices and access points of this network only.",
           "Ofisi na vituo vya mtandao huu tu."), references="networks"),
    given("theme", FieldType.CODE, ("Theme", "Mada"),
          ("Offices of this theme only.", "Ofisi za mada hii tu."), codelist=codelists.THEME),
    given("ward", FieldType.TEXT, ("Ward", "Wadi"),
          ("Offices of the ward with this code only.", "Ofisi za wadi yenye msimbo huu tu.")),
    given("budget_kes", FieldType.NUMBER, ("Budget", "Bajeti"),
          ("What there is to spend; without it, all offices are planned for.",
           "Fedha zilizopo; bila hizo, ofisi zote hupangwa."), unit="KES", minimum=0),
    given("goal", FieldType.CODE, ("Goal", "Lengo"),
          ("What to have most of for the money; people, unless they are unknown of all offices.",
           "Kinachotakiwa zaidi kwa fedha; watu, isipokuwa hawajulikani kwa ofisi zote."),
          codelist=GOAL),
)

COST_TO_CONNECT = Process(
    "cost-to-connect",
    Text("Cost to connect", "Gharama ya kuunganisha"),
    Text("Which unconnected offices to connect next, by which trenches along roads, shared ones "
         "dug once, and what it costs for each office and each person served.",
         "Ofisi zipi ziunganishwe kwanza, kwa mitaro ipi kando ya barabara, ya pamoja ikichimbwa "
         "mara moja, na gharama kwa kila ofisi na kila mnufaika."),
    _ASKED,
    Audience.PLANNER,
    then="propose-connections",
    answer=(
        told("method", FieldType.CODE, ("Trenches run", "Mitaro hupita"), codelist=METHOD),
        told("goal", FieldType.CODE, ("Goal", "Lengo"), codelist=GOAL),
        told("budget_kes", FieldType.NUMBER, ("Budget", "Bajeti"), unit="KES"),
        told("cost_kes", FieldType.NUMBER, ("Cost", "Gharama"), unit="KES"),
        told("kes_per_office", FieldType.NUMBER, ("Cost per office", "Gharama kwa ofisi"),
             unit="KES"),
        told("kes_per_beneficiary", FieldType.NUMBER,
             ("Cost per person served", "Gharama kwa mnufaika"), unit="KES"),
        told("trench_m", FieldType.NUMBER, ("Trench", "Mtaro"), unit="m"),
        told("singly_m", FieldType.NUMBER,
             ("Trench if nothing were shared", "Mtaro bila kushirikiana"), unit="m"),
        told("connection_unknown", FieldType.INTEGER,
             ("Offices whose connection is unknown, not planned for",
              "Ofisi zisizojulikana kama zimeunganishwa, hazijapangwa")),
        told("role", FieldType.CODE, ("What", "Nini"), codelist=ROLE),
        told("rank", FieldType.INTEGER, ("Rank", "Nafasi")),
        told("office", FieldType.REFERENCE, ("Office", "Ofisi"), references="offices"),
        told("outcome", FieldType.CODE, ("Outcome", "Matokeo"), codelist=OUTCOME),
        told("beneficiaries", FieldType.INTEGER, ("Beneficiaries", "Wanufaika")),
        told("added_kes", FieldType.NUMBER,
             ("Adds to the cost", "Huongeza gharama"),
             ("Once those before it are connected.", "Baada ya zilizotangulia kuunganishwa."),
             unit="KES"),
        told("alone_kes", FieldType.NUMBER, ("Cost by itself", "Gharama peke yake"), unit="KES"),
        told("access_point", FieldType.REFERENCE, ("From", "Kutoka"),
             references="network_nodes"),
        told("length_m", FieldType.NUMBER, ("Length", "Urefu"), unit="m"),
        told("serves", FieldType.INTEGER, ("Serves offices", "Huhudumia ofisi")),
        told("kes", FieldType.NUMBER, ("Cost of the trench", "Gharama ya mtaro"), unit="KES"),
    ),
)

PROPOSE_CONNECTIONS = Process(
    "propose-connections",
    Text("Propose connections", "Pendekeza miunganisho"),
    Text("Keep the plan that cost-to-connect would make as a phase with proposed nodes and links, "
         "all of it or nothing. The same name and inputs make nothing twice.",
         "Hifadhi mpango wa cost-to-connect kama awamu yenye vituo na nyuzi zilizopendekezwa, "
         "wote au hakuna. Jina na data zile zile hazitengenezi mara mbili."),
    (
        given("name", FieldType.TEXT, ("Name", "Jina"),
              ("Name of the phase.", "Jina la awamu."), required=True),
        *_ASKED,
    ),
    Audience.PLANNER,
    changes=True,
    geojson=False,
    then="withdraw-connections",
    answer=(
        told("phase", FieldType.REFERENCE, ("Phase", "Awamu"), references="phases"),
        told("made", FieldType.BOOLEAN, ("Made just now", "Imetengenezwa sasa")),
        told("offices", FieldType.INTEGER, ("Offices", "Ofisi")),
        told("network_nodes", FieldType.INTEGER, ("Proposed nodes", "Vituo vilivyopendekezwa")),
        told("fibre_links", FieldType.INTEGER, ("Proposed links", "Nyuzi zilizopendekezwa")),
        told("cost_kes", FieldType.NUMBER, ("Cost", "Gharama"), unit="KES"),
        told("trench_m", FieldType.NUMBER, ("Trench", "Mtaro"), unit="m"),
    ),
)

WITHDRAW_CONNECTIONS = Process(
    "withdraw-connections",
    Text("Withdraw proposed connections", "Ondoa miunganisho iliyopendekezwa"),
    Text("Delete what a proposal made, as far as nobody has changed it or named it since; what "
         "stays is listed.",
         "Futa kilichotengenezwa na pendekezo, mradi hakuna aliyekibadilisha au kukitaja tangu "
         "hapo; kinachobaki huorodheshwa."),
    (
        given("phase", FieldType.REFERENCE, ("Phase", "Awamu"),
              ("The phase that the proposal made.", "Awamu iliyotengenezwa na pendekezo."),
              references="phases", required=True),
    ),
    Audience.PLANNER,
    changes=True,
    geojson=False,
    answer=(
        told("phase", FieldType.TEXT, ("Phase", "Awamu")),
        told("withdrawn", FieldType.OBJECT, ("Deleted", "Vilivyofutwa")),
        told("kept", FieldType.OBJECT, ("Kept", "Vilivyobaki")),
    ),
)
