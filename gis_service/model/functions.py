"""The functions that a filter may call beside the operators of CQL2."""

from __future__ import annotations

from dataclasses import dataclass

from gis_service.model.fields import Text
from gis_service.model.filters import Kind


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a function."""

    title: Text
    kind: Kind


@dataclass(frozen=True, slots=True)
class Function:
    """A function: what it takes and what it gives; null where an argument is null."""

    name: str
    description: Text
    arguments: tuple[Argument, ...]
    returns: Kind


_TEXT = Argument(Text("Text", "Maandishi"), Kind.TEXT)
_NUMBER = Argument(Text("Number", "Namba"), Kind.NUMBER)
_GEOMETRY = Argument(Text("Geometry", "Jiometria"), Kind.GEOMETRY)
_OTHER = Argument(Text("Other geometry", "Jiometria nyingine"), Kind.GEOMETRY)

FUNCTIONS: dict[str, Function] = {
    each.name: each
    for each in (
        Function("lower", Text("The text in small letters.", "Maandishi kwa herufi ndogo."),
                 (_TEXT,), Kind.TEXT),
        Function("upper", Text("The text in capital letters.", "Maandishi kwa herufi kubwa."),
                 (_TEXT,), Kind.TEXT),
        Function("length", Text("Number of characters.", "Idadi ya herufi."),
                 (_TEXT,), Kind.NUMBER),
        Function("abs", Text("The number without its sign.", "Namba bila alama yake."),
                 (_NUMBER,), Kind.NUMBER),
        Function("floor", Text("The whole number below.", "Namba nzima iliyo chini."),
                 (_NUMBER,), Kind.NUMBER),
        Function("ceil", Text("The whole number above.", "Namba nzima iliyo juu."),
                 (_NUMBER,), Kind.NUMBER),
        Function(
            "length_m",
            Text("Length of a line along the ground in metres, geodesic on WGS84, of the "
                 "geometry as you see it; 0 for points and areas.",
                 "Urefu wa mstari juu ya ardhi kwa mita, kwa WGS84, wa jiometria unayoiona; "
                 "0 kwa nukta na maeneo."),
            (_GEOMETRY,), Kind.NUMBER,
        ),
        Function(
            "area_m2",
            Text("Area in square metres, geodesic on WGS84; 0 for points and lines.",
                 "Eneo kwa mita za mraba, kwa WGS84; 0 kwa nukta na mistari."),
            (_GEOMETRY,), Kind.NUMBER,
        ),
        Function(
            "distance_m",
            Text("Least distance in metres, geodesic on WGS84, between geometries as you see them.",
                 "Umbali mdogo zaidi kwa mita, kwa WGS84, kati ya jiometria unazoziona."),
            (_GEOMETRY, _OTHER), Kind.NUMBER,
        ),
    )
}
