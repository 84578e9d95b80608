"""What lies in the way of works."""

from __future__ import annotations

from gis_service.model.audience import Audience
from gis_service.model.fields import FieldType, Text
from gis_service.model.processes.words import Process, given, shape, told

DIG_SAFE = Process(
    "dig-safe",
    Text("Before digging", "Kabla ya kuchimba"),
    Text("Links, structures and nodes that lie within a distance of works, or may lie there as "
         "their positions are not exact, with the owners to call. Unrecorded things are not told.",
         "Nyuzi, miundo na vituo vilivyo karibu na kazi, au vinavyoweza kuwa karibu kwa kuwa "
         "mahali si sahihi kabisa, pamoja na wamiliki wa kupigia. Kisichoandikwa hakitajwi."),
    (
        shape("works", ("Works", "Kazi"),
              ("Where is dug: a line or an area.", "Panapochimbwa: mstari au eneo."),
              required=True),
        given("distance_m", FieldType.NUMBER, ("Distance", "Umbali"),
              ("How near to the works counts, along the ground.",
               "Ukaribu na kazi unaohesabiwa, juu ya ardhi."),
              unit="m", minimum=0, maximum=1000, default=5),
    ),
    Audience.TECHNICIAN,
    answer=(
        told("found", FieldType.INTEGER, ("Found", "Vilivyopatikana")),
        told("collection", FieldType.TEXT, ("Collection", "Mkusanyiko")),
        told("external_id", FieldType.TEXT, ("Identifier", "Kitambulisho")),
        told("name", FieldType.TEXT, ("Name", "Jina")),
        told("kind", FieldType.TEXT, ("Kind", "Aina")),
        told("status", FieldType.TEXT, ("Status", "Hali")),
        told("distance_m", FieldType.NUMBER, ("Distance", "Umbali"), unit="m"),
        told("accuracy_m", FieldType.NUMBER, ("Accuracy", "Usahihi"), unit="m"),
        told("least_m", FieldType.NUMBER, ("May be as near as", "Huenda karibu kama"), unit="m"),
        told("owner_name", FieldType.TEXT, ("Owner", "Mmiliki")),
        told("website", FieldType.TEXT, ("Website", "Tovuti")),
    ),
)
