"""Inputs that say which cables a question is about."""

from __future__ import annotations

from gis_service.model.fields import FieldType
from gis_service.model.processes.words import Input, given

PATH: tuple[Input, ...] = (
    given("links", FieldType.REFERENCES, ("Fibre links", "Nyuzi za mtandao"),
          ("The links that the light meets, in their order; without them the shortest way between "
           "the ends.",
           "Nyuzi ambazo mwanga unazipitia, kwa mpangilio; bila hizo njia fupi kati ya miisho."),
          references="fibre_links"),
    given("node", FieldType.REFERENCE, ("Begins at", "Inaanzia"),
          ("The node where the path begins and the instrument stands.",
           "Kituo ambapo njia inaanzia na kifaa kipo."), references="network_nodes"),
    given("to", FieldType.REFERENCE, ("Ends at node", "Inaishia kituo"),
          ("The node where it ends; without any end it is the nearest gateway.",
           "Kituo ambapo inaishia; bila mwisho ni lango la karibu."),
          references="network_nodes"),
    given("office", FieldType.REFERENCE, ("Office", "Ofisi"),
          ("The office where the path ends, or begins if no node does.",
           "Ofisi ambapo njia inaishia, au inaanzia ikiwa hakuna kituo."),
          references="offices"),
)
"""By links or by ends; `services.cable_paths` reads them."""
