"""What to look at in each kind of work, and what was found."""

from __future__ import annotations

from collections.abc import Mapping

from gis_service.model.codelists import WORK_KIND
from gis_service.model.field_operations import Refused
from gis_service.model.fields import Code, Codelist, Language, Text

FOUND = Codelist(
    "found",
    (
        Code("yes", Text("Yes", "Ndiyo")),
        Code("no", Text("No", "Hapana")),
        Code("notApplicable", Text("Does not apply", "Haihusiki")),
    ),
)
"""What can be found of a point of a checklist."""


def _points(kind: str, *points: tuple[str, str, str]) -> tuple[str, tuple[Code, ...]]:
    if kind not in WORK_KIND:
        raise ValueError(f"{kind} is no kind of work")
    return kind, tuple(Code(code, Text(en, sw)) for code, en, sw in points)


_LABEL = ("label", "The label is on it and can be read", "Lebo ipo na inasomeka")
_POWER = ("power", "It has power, and stays on when mains fail", "Ina umeme, na hubaki ukikatika")
_EARTH = ("earth", "It is earthed", "Imeunganishwa na ardhi")
_LIGHT = ("light", "Received light is within the limits", "Mwanga unaopokelewa uko ndani ya mipaka")
_TIDY = ("tidy", "Cables are tidy and not bent sharply", "Kebo zimepangwa, hazijakunjwa sana")
_LOCKED = ("locked", "The door closes and locks", "Mlango unafungwa kwa kufuli")

CHECKLISTS: Mapping[str, tuple[Code, ...]] = dict((
    _points(
        "installation",
        ("place", "It stands where the plan says", "Iko mahali ambapo mpango unasema"),
        ("fixed", "It is fixed and cannot fall", "Imefungwa na haiwezi kuanguka"),
        _LABEL, _POWER, _EARTH, _TIDY, _LIGHT,
        ("online", "It answers on the network", "Inajibu kwenye mtandao"),
    ),
    _points(
        "inspection",
        _LABEL, _LOCKED,
        ("dry", "It is dry and clean inside", "Ndani ni pakavu na safi"),
        ("undamaged", "Nothing is broken or burnt", "Hakuna kilichovunjika au kuungua"),
        _TIDY, _POWER,
    ),
    _points(
        "verification",
        ("serial", "Serial number and model are as recorded",
         "Namba ya mfululizo na modeli ni kama zilivyoandikwa"),
        ("where", "Place and position are as recorded", "Mahali ni kama palivyoandikwa"),
        ("ports", "Ports are connected as drawn", "Milango imeunganishwa kama ilivyochorwa"),
    ),
    _points(
        "validation",
        ("speed", "The office gets the speed it needs", "Ofisi inapata kasi inayohitaji"),
        ("users", "People who work there can use it", "Wafanyakazi wanaweza kuitumia"),
        ("steady", "The connection holds for an hour", "Muunganisho hudumu saa moja"),
    ),
    _points(
        "certification",
        ("tested", "It was tested by its maker's procedure",
         "Imepimwa kwa utaratibu wa mtengenezaji"),
        _EARTH, _LIGHT,
        ("firmware", "Its software is a supported version", "Programu yake inaungwa mkono"),
        ("settings", "Its settings are saved elsewhere", "Mipangilio yake imehifadhiwa kwingine"),
    ),
    _points(
        "repair",
        ("cause", "The cause was found", "Chanzo kimepatikana"),
        ("mended", "It works again", "Inafanya kazi tena"),
        _LIGHT,
        ("parts", "Parts that were used are written down", "Vipuri vilivyotumika vimeandikwa"),
        ("clean", "The place was left clean", "Mahali pameachwa safi"),
    ),
))
"""Points to look at, by kind of work; the other kinds have none."""


def checked_lines(kind: str, found: object, language: Language) -> list[str]:
    """
    What was found, as lines of a note: each point with its answer.

    Parameters
    ----------
    found
        An answer of `FOUND` for each point that was looked at, by the point's code.

    Raises
    ------
    Refused
        The kind of work has no such point, or there is no such answer.
    """
    points = {point.code: point for point in CHECKLISTS.get(kind, ())}
    if not isinstance(found, dict):
        raise Refused("malformed", "checklist")
    for code, answer in found.items():
        if code not in points or answer not in FOUND:
            raise Refused("unknown_point", str(code))
    return [
        f"{point.title[language]}: {FOUND.title(found[code], language)}"
        for code, point in points.items() if code in found
    ]
