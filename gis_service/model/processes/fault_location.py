"""Where a fault lies that an OTDR has seen."""

from __future__ import annotations

from gis_service.model.audience import Audience
from gis_service.model.fields import FieldType, Text
from gis_service.model.processes.cable_paths import PATH
from gis_service.model.processes.words import Input, Process, given, told

_PLACE: tuple[Input, ...] = (
    *PATH,
    given("otdr_distance_m", FieldType.NUMBER, ("OTDR distance", "Umbali wa OTDR"),
          ("What the instrument shows, from its own connector to the fault.",
           "Kinachoonyeshwa na kifaa, kutoka kiunganishi chake hadi hitilafu."),
          unit="m", minimum=0, maximum=500_000, required=True),
    given("launch_m", FieldType.NUMBER, ("Launch fibre", "Uzi wa kuanzia"),
          ("Fibre between the instrument and the first node.",
           "Uzi kati ya kifaa na kituo cha kwanza."),
          unit="m", minimum=0, maximum=10_000, default=0),
    given("index_set", FieldType.NUMBER, ("Index set", "Kielezo kilichowekwa"),
          ("Group refractive index that the instrument was set to; without it the true one.",
           "Kielezo cha mwanga kilichowekwa katika kifaa; bila hicho kile cha kweli."),
          minimum=1.3, maximum=1.7),
    given("index_true", FieldType.NUMBER, ("Index of the fibre", "Kielezo cha uzi"),
          ("Group refractive index of the fibre by its maker; without it that of G.652.",
           "Kielezo cha mwanga cha uzi kwa mtengenezaji; bila hicho cha G.652."),
          minimum=1.3, maximum=1.7),
    given("helix", FieldType.NUMBER, ("Helix", "Msokoto"),
          ("By how much fibre is longer than its cable, as a share: 0.01 for one per cent.",
           "Kiasi ambacho uzi ni mrefu kuliko kebo: 0.01 kwa asilimia moja."),
          minimum=0, maximum=0.2),
    given("accuracy_m", FieldType.NUMBER, ("Accuracy of the reading", "Usahihi wa kipimo"),
          ("How far the distance shown may be from the true one.",
           "Tofauti inayowezekana ya umbali ulioonyeshwa."),
          unit="m", minimum=0, maximum=10_000),
    given("anchors", FieldType.TEXT, ("Known places", "Mahali panapojulikana"),
          ("Distances that the trace shows to nodes or structures on the way, by identifier or "
           "name: KSI-ST-027-03=2345, KSI-ST-027-05=3100.",
           "Umbali unaoonyeshwa hadi vituo au miundo njiani, kwa kitambulisho au jina: "
           "KSI-ST-027-03=2345, KSI-ST-027-05=3100.")),
)
_ANSWER = (
    told("link", FieldType.REFERENCE, ("Fibre link", "Uzi"), references="fibre_links"),
    told("position_m", FieldType.NUMBER, ("Along the link", "Kando ya uzi"),
         ("Metres of route from the link's start to the most likely place.",
          "Mita za njia tangu mwanzo wa uzi hadi mahali panapoelekea zaidi."), unit="m"),
    told("path_m", FieldType.NUMBER, ("Along the path", "Kando ya njia"),
         ("Metres of route from the instrument's node.", "Mita za njia kutoka kituo cha kifaa."),
         unit="m"),
    told("lower_m", FieldType.NUMBER, ("Not before", "Si kabla ya"), unit="m"),
    told("upper_m", FieldType.NUMBER, ("Not beyond", "Si baada ya"), unit="m"),
    told("uncertainty_m", FieldType.NUMBER, ("Uncertainty", "Kutokuwa na uhakika"), unit="m"),
    told("cable_m", FieldType.NUMBER, ("Cable", "Kebo"), unit="m"),
    told("slack_m", FieldType.NUMBER, ("Of it coiled", "Iliyokunjwa"), unit="m"),
    told("fault", FieldType.REFERENCE, ("Fault", "Hitilafu"), references="faults"),
    told("role", FieldType.TEXT, ("What it is", "Ni nini")),
    told("kind", FieldType.TEXT, ("Kind", "Aina")),
    told("name", FieldType.TEXT, ("Name", "Jina")),
    told("side", FieldType.TEXT, ("Side", "Upande")),
    told("distance_m", FieldType.NUMBER, ("Away", "Umbali"),
         ("Metres of route from the most likely place.",
          "Mita za njia kutoka mahali panapoelekea zaidi."), unit="m"),
    told("from_m", FieldType.NUMBER, ("From", "Kutoka"), unit="m"),
    told("to_m", FieldType.NUMBER, ("To", "Hadi"), unit="m"),
)

LOCATE_FAULT = Process(
    "locate-fault",
    Text("Locate a fault", "Tafuta mahali pa hitilafu"),
    Text("An OTDR's distance on the map: the stretch in which the fault lies, the most likely "
         "point of it, and the nearest access on either side.",
         "Umbali wa OTDR kwenye ramani: sehemu yenye hitilafu, mahali panapoelekea zaidi, na "
         "pa kufikia kebo kila upande."),
    _PLACE,
    Audience.TECHNICIAN,
    then="record-fault",
    answer=_ANSWER,
)

RECORD_FAULT = Process(
    "record-fault",
    Text("Record a located fault", "Andika hitilafu iliyopatikana"),
    Text("Locates a fault and adds it to the faults, with its position and uncertainty.",
         "Hutafuta mahali pa hitilafu na kuiandika, pamoja na mahali na kutokuwa na uhakika."),
    (
        *_PLACE,
        given("summary", FieldType.TEXT, ("Summary", "Muhtasari"),
              ("What is broken, in a few words.", "Kilichoharibika, kwa maneno machache."),
              required=True),
        given("cuts", FieldType.BOOLEAN, ("Cuts traffic", "Imekata mawasiliano"),
              ("No traffic passes.", "Mawasiliano hayapiti.")),
        given("started_at", FieldType.TIMESTAMP, ("Started at", "Ilianza"),
              ("When it began; without it now.", "Ilipoanza; bila hiyo sasa.")),
        given("fault", FieldType.TEXT, ("Id", "Kitambulisho"),
              ("A UUID that you choose for it: sent again, it is recorded once.",
               "UUID unayoichagua: ikitumwa tena, huandikwa mara moja.")),
    ),
    Audience.TECHNICIAN,
    changes=True,
    answer=_ANSWER,
)
