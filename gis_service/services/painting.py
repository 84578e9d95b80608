"""What the areas of a printed map are coloured by, and the numbers beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gis_service.cartography.definition import MapDefinition
from gis_service.cartography.figures import figures
from gis_service.cartography.wording import wording
from gis_service.model.coverage import CoverageTable
from gis_service.model.fields import Language
from gis_service.model.locales import number
from gis_service.printing.map_sheet import FigureLine, FigureTable, LegendPart
from gis_service.printing.signs import Fill
from gis_service.printing.wording import phrase
from gis_service.services.drawing import area_fill

_CONNECTIONS = ("connected", "unconnected", "unknown")


@dataclass(frozen=True)
class Painting:
    """
    The colours of areas, and what stands beside them.

    Parameters
    ----------
    fills
        By ward's code; one that is not there has no data.
    legend
        What the fills mean; None where the legend of the map tells it.
    headline
        What the map says, in a sentence; empty for none.
    description
        In place of the map's own; empty for that.
    beside, after
        Tables beside the map, and on the pages after it.
    """

    fills: Mapping[str, Fill] = field(default_factory=dict)
    legend: LegendPart | None = None
    headline: str = ""
    description: str = ""
    beside: tuple[FigureTable, ...] = ()
    after: tuple[FigureTable, ...] = ()


def usual_painting(
    definition: MapDefinition, summary: CoverageTable | None, language: Language
) -> Painting:
    """The map as everybody has it."""
    layer = definition.indicator_layer
    if layer is None or summary is None:
        return Painting()
    told, words = figures(summary, layer, language), wording(language)
    beside = tuple(
        FigureLine(row.title, (row.share, f"{number(row.counts.connected, language)} / "
                                          f"{number(row.counts.known, language)}"))
        for row in (*told.themes, told.total)
    )
    wards = (*told.wards, *([told.outside] if told.outside else []), told.total)
    after = tuple(
        FigureLine(
            row.title,
            (row.share, *(number(getattr(row.counts, each), language) for each in _CONNECTIONS)),
            area_fill(layer, row.step),
        )
        for row in wards
    )
    by_ward = FigureTable(
        words["by_ward"],
        (words["ward"], *(words[key] for key in ("share", *_CONNECTIONS))),
        after,
    )
    heads = (words["theme"], words["share"], phrase("connected_of_known", language))
    return Painting(
        fills={row.key: area_fill(layer, row.step) for row in told.wards},
        headline=told.headline,
        beside=(FigureTable(words["by_theme"], heads, beside),),
        after=(by_ward,),
    )
