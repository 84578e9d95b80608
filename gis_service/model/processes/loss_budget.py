"""What light should lose on its way, against what was measured."""

from __future__ import annotations

from gis_service.model.audience import Audience
from gis_service.model.fields import FieldType, Text
from gis_service.model.processes.cable_paths import PATH
from gis_service.model.processes.words import Process, given, told

LOSS_BUDGET = Process(
    "loss-budget",
    Text("Loss budget", "Bajeti ya upotevu wa mwanga"),
    Text("What light should lose on a path, typically and at most, what it was measured to lose, "
         "and how that drifts.",
         "Mwanga unaotarajiwa kupotea njiani, kwa kawaida na kwa kiwango cha juu, uliopimwa, na "
         "jinsi unavyobadilika."),
    (
        *PATH,
        given("wavelength_nm", FieldType.INTEGER, ("Wavelength", "Urefu wa mawimbi"),
              ("Wavelength of the light.", "Urefu wa mawimbi ya mwanga."),
              unit="nm", minimum=600, maximum=2000, default=1550),
        given("splitters", FieldType.TEXT, ("Splitters", "Vigawanyaji"),
              ("Outputs of each splitter on the way, as 8,4, or 0 for none; without it those that "
               "are nodes of the path.",
               "Matokeo ya kila kigawanyaji njiani, kama 8,4, au 0 kwa hakuna; bila hayo vile "
               "vilivyo vituo vya njia.")),
        given("sent_dbm", FieldType.NUMBER, ("Power sent", "Nguvu inayotumwa"),
              ("To tell what should arrive.", "Ili kujua kinachotarajiwa kufika."),
              unit="dBm", minimum=-60, maximum=40),
    ),
    Audience.TECHNICIAN,
    answer=(
        told("wavelength_nm", FieldType.INTEGER, ("Wavelength", "Urefu wa mawimbi"), unit="nm"),
        told("typical_low_db", FieldType.NUMBER, ("Typical, at least", "Kawaida, angalau"),
             unit="dB"),
        told("typical_high_db", FieldType.NUMBER, ("Typical, at most", "Kawaida, si zaidi ya"),
             unit="dB"),
        told("limit_low_db", FieldType.NUMBER, ("Limit, at least", "Kikomo, angalau"), unit="dB"),
        told("limit_high_db", FieldType.NUMBER, ("Limit, at most", "Kikomo, si zaidi ya"),
             unit="dB"),
        told("measured_db", FieldType.NUMBER, ("Measured", "Iliyopimwa"), unit="dB"),
        told("drift_db", FieldType.NUMBER, ("Drift since first", "Mabadiliko tangu kwanza"),
             unit="dB"),
        told("link", FieldType.REFERENCE, ("Fibre link", "Uzi"), references="fibre_links"),
        told("measured_at", FieldType.TIMESTAMP, ("Measured at", "Ilipimwa")),
        told("verdict", FieldType.TEXT, ("Measured against limit", "Kipimo dhidi ya kikomo")),
    ),
)
