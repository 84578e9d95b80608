"""What the tasks begin with: files as they come from offices, and forms for answers."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape  # nosec B406 # it parses nothing

from pyproj import Transformer

from gis_service.errors import GisError
from gis_service.services.tour.place import ANSWER
from gis_service.settings import ARC_1960_UTM_36S

TASKS = 12


class Site(NamedTuple):
    """A place of a task's file; `lon` and `lat` in WGS 84, degrees."""

    id: str
    name: str
    lon: float
    lat: float


CLINICS = (
    Site("TOUR-301", "Nyanchwa Dispensary", 34.7614, -0.6830),
    Site("TOUR-302", "Suneka Maternity", 34.7086, -0.6799),
    Site("TOUR-303", "Ogembo Dental Clinic", 34.7251, -0.8001),
    Site("TOUR-304", "Keumbu Eye Clinic", 34.8465, -0.7321),
    Site("TOUR-305", "Marani Dispensary", 34.7987, -0.5780),
    Site("TOUR-306", "Kiogoro Dispensary", 34.7875, -0.7375),
)
MARKETS = (
    Site("1", "Suneka Market", 34.7077, -0.6790),
    Site("2", "Keumbu Market", 34.8458, -0.7339),
    Site("3", "Mosocho Market", 34.7332, -0.5878),
)
SCHOOLS = (
    Site("TOUR-401", "Nyanchwa Primary School", 34.7601, -0.6840),
    Site("TOUR-402", "Itierio Primary School", 34.7255, -0.7050),
    Site("TOUR-403", "Kiogoro Secondary School", 34.7880, -0.7360),
    Site("TOUR-404", "Keumbu Primary School", 34.8490, -0.7325),
    Site("TOUR-405", "Nyatieko Primary School", 34.7960, -0.6430),
    Site("TOUR-406", "Mosocho Primary School", 34.7340, -0.5890),
)

_FORMS = {
    1: """# The links on the way from Bobasi Chache Ward Office (KSI-O-070) to its gateway, by name
# or identifier, and how long the route is, in metres.
links = []
route_length_m = -1
""",
    2: """# The CRS of clinics.csv, as EPSG:number.
clinics_crs = ""
# What is wrong with market.kml: "swapped" (axes), "feet" (units) or "sign".
market_fault = ""
""",
    6: """# If the link KSI-L-020 is cut: how many offices lose service, how many people these
# serve, and how many nodes go dark.
offices = -1
people = -1
nodes = -1
""",
    7: """# Of the ward Basi Bogetaorio (1319): the offices by their reported connection, and the
# share connected of those that are known, in per cent.
connected = -1
unconnected = -1
unknown = -1
share_connected = -1
""",
    10: """# Of quality.json: how many findings are warnings, how many are for information, and the
# id of the rule that is broken most often (one of them, if several are).
warnings = -1
informations = -1
most_frequent = ""
""",
    11: """# Where the backup was restored: the other GIS_HOME, or a postgresql:// address.
restored = ""
""",
}


def folder_of(base: Path, number: int) -> Path:
    """The folder of a task."""
    return base / f"task-{number:02}"


def start(base: Path, number: int) -> list[Path]:
    """
    Make the files of a task; what is there already stays.

    Returns
    -------
    list of Path
        The files of the task, whether made now or before.
    """
    folder = folder_of(base, number)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        made = []
        for name, write in _files(number).items():
            path = folder / name
            if not path.exists():
                write(path)
            made.append(path)
    except OSError as error:
        raise GisError(f"{folder} cannot be written: {error.strerror or error}") from None
    return made


def _files(number: int) -> dict[str, Callable[[Path], object]]:
    files: dict[str, Callable[[Path], object]] = {}
    if number in (2, 3):
        files["clinics.csv"] = _clinics
    if number == 2:
        files["market.kml"] = _market
    if number == 4:
        files["schools.csv"] = _schools
    if form := _FORMS.get(number):
        files[ANSWER] = lambda path: path.write_text(form, encoding="utf-8")
    return files


def _clinics(path: Path) -> None:
    """Easting and northing of an old survey, without a word of its CRS."""
    place = Transformer.from_crs(4326, ARC_1960_UTM_36S, always_xy=True).transform
    rows = [
        (site.id, site.name, "health", *(f"{n:.2f}" for n in place(site.lon, site.lat)))
        for site in CLINICS
    ]
    _write(path, ("Facility no", "Facility name", "Type", "Easting", "Northing"), rows)


def _market(path: Path) -> None:
    """Latitude stands where KML wants the longitude."""
    places = "".join(
        f"<Placemark><name>{escape(site.name)}</name><Point><coordinates>{site.lat},{site.lon}"
        "</coordinates></Point></Placemark>\n"
        for site in MARKETS
    )
    path.write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="http://www.opengis.net/kml/2.2">'
        f"<Document>\n{places}</Document></kml>\n", encoding="utf-8",
    )


def _schools(path: Path) -> None:
    """Three rows are at fault: a sign is lost, a code is none, a name is missing."""
    rows = []
    for site in SCHOOLS:
        lat = -site.lat if site.id == "TOUR-402" else site.lat
        kind = "skool" if site.id == "TOUR-404" else "education"
        name = "" if site.id == "TOUR-406" else site.name
        rows.append((site.id, name, kind, "connectedCitizen", "unknown", site.lon, lat))
    head = ("external_id", "name", "office_type", "theme", "connection", "lon", "lat")
    _write(path, head, rows)


def _write(path: Path, head: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(head)
        writer.writerows(rows)
