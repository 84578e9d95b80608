"""What the report to the board is made from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from gis_service.model.certification import Certifications
from gis_service.model.connect import ConnectionPlan
from gis_service.model.coverage import Coverage
from gis_service.model.fields import Language
from gis_service.model.scorecards import Scorecards
from gis_service.model.weak_points import WeakPoints
from gis_service.printing.document import Drawing
from gis_service.printing.map_drawing import Layer, draw_map
from gis_service.printing.map_frame import Bounds, frame_around
from gis_service.printing.signs import Sign
from gis_service.printing.wording import phrase

WIDTH_MM = 170.0


@dataclass(frozen=True)
class BoardMap:
    """
    A map of the report.

    Parameters
    ----------
    extent
        West, south, east, north in metres of `srid`.
    """

    srid: int
    extent: Bounds
    layers: tuple[Layer, ...]
    legend: tuple[tuple[Sign, str], ...] = ()

    def svg(self, height_mm: float) -> bytes:
        """The drawing, as wide as the text."""
        return draw_map(self.layers, frame_around(
            self.extent, self.srid, width_mm=WIDTH_MM, height_mm=height_mm
        ))


@dataclass(frozen=True)
class BoardFacts:
    """
    Everything that the report tells.

    Parameters
    ----------
    since
        The earlier day with which progress is told.
    by_ward, by_theme
        Coverage now.
    before
        Coverage by ward on the earlier day, from the days in the records.
    weak
        The worst single points of failure; None where no gateway is recorded.
    ward_sources
        Where the wards come from, as their records say.
    connection_unknown
        Offices that the plan leaves out, since nobody knows whether they are connected.
    coverage_map, risk_map, plan_map
        None where there is nothing to draw.
    """

    municipality: str
    as_of: date
    since: date
    synthetic: bool
    approximate: bool
    ward_sources: tuple[str, ...]
    by_ward: Coverage
    by_theme: Coverage
    before: Coverage
    scorecards: Scorecards
    weak: WeakPoints | None
    plan: ConnectionPlan
    connection_unknown: int
    certifications: Certifications
    coverage_map: BoardMap | None
    risk_map: BoardMap | None
    plan_map: BoardMap | None


def map_drawings(  # noqa: PLR0917 - one line each
    name: str, drawn: BoardMap | None, height_mm: float, title: str, caption: str,
    language: Language,
) -> tuple[Drawing, ...]:
    """A map as the drawing of a section; nothing where there is none."""
    if drawn is None:
        return ()
    alt = phrase("map_alt", language, title=title)
    return (Drawing(name, drawn.svg(height_mm), WIDTH_MM, alt, caption, drawn.legend),)
