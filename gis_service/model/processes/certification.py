"""What has to be certified."""

from __future__ import annotations

from gis_service.model.audience import Audience
from gis_service.model.codelists import CERTIFICATION
from gis_service.model.fields import FieldType, Text
from gis_service.model.processes.words import Process, given, told

CERTIFICATIONS_DUE = Process(
    "certifications-due",
    Text("Certifications due", "Uthibitishaji unaotakiwa"),
    Text("Installed devices that were never certified, that failed, or whose certification is due "
         "or overdue, and inspections that wait for a repair; with counts by ward.",
         "Vifaa vilivyowekwa ambavyo havijathibitishwa, vilivyoshindwa, au ambavyo uthibitishaji "
         "wake unatakiwa au umepitwa, na ukaguzi unaosubiri ukarabati; na hesabu kwa wadi."),
    (
        given("within_days", FieldType.INTEGER, ("Within", "Ndani ya"),
              ("What is due within so many days counts as due.",
               "Kinachotakiwa ndani ya siku hizi huhesabiwa kuwa kinatakiwa."),
              unit="d", minimum=0, maximum=36_500, default=30),
        given("ward", FieldType.REFERENCE, ("Ward", "Wadi"),
              ("Only what stands in this ward.", "Kilicho katika wadi hii tu."),
              references="wards"),
    ),
    Audience.TECHNICIAN,
    answer=(
        told("today", FieldType.DATE, ("Today", "Leo")),
        *(told(each.code, FieldType.INTEGER, (each.title.en, each.title.sw))
          for each in CERTIFICATION if each.code != "due"),
        told("due", FieldType.INTEGER, ("Due", "Inatakiwa")),
        told("inspections", FieldType.INTEGER, ("Open inspections", "Ukaguzi ulio wazi")),
        told("name", FieldType.TEXT, ("Name", "Jina")),
        told("state", FieldType.TEXT, ("State", "Hali")),
        told("due_on", FieldType.DATE, ("Due on", "Inatakiwa")),
        told("days_left", FieldType.INTEGER, ("Days left", "Siku zilizobaki"), unit="d"),
        told("place_name", FieldType.TEXT, ("Stands at", "Kipo")),
        told("ward_name", FieldType.TEXT, ("Ward", "Wadi")),
        told("notes", FieldType.TEXT, ("Notes", "Maelezo")),
    ),
)
