"""What a map's signs mean, layer by layer, in the reader's language."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from gis_service.cartography.definition import LayerDefinition
from gis_service.cartography.indicators import INDICATORS
from gis_service.cartography.kinds import (
    CAPACITY_BREAKS_GBPS,
    LINK_LINES,
    OFFICE_KIND_FIELD,
    LinkLine,
    visible_kinds,
)
from gis_service.cartography.styles import MOST_CLASSES
from gis_service.cartography.wording import wording
from gis_service.model import codelists
from gis_service.model.fields import Field, Language


@dataclass(frozen=True, slots=True)
class LegendRow:
    """
    One sign and its meaning.

    Parameters
    ----------
    sign
        How the template draws it: `area`, `nodata`, `office`, `glyph`, `node`,
        `line`, `width`, `road` or `plain`.
    key
        The value that it stands for; the page counts its items.
    short
        The title where there is little room.
    """

    sign: str
    key: str
    title: str
    short: str = ""
    line: LinkLine | None = None
    size: float = 0


@dataclass(frozen=True, slots=True)
class LegendGroup:
    """The signs of one layer."""

    layer: str
    title: str
    visible: bool
    rows: tuple[LegendRow, ...]
    note: str = ""
    extra: tuple[LegendRow, ...] = ()


def legend(
    layers: Sequence[LayerDefinition], fields: Mapping[str, Sequence[Field]], language: Language
) -> tuple[LegendGroup, ...]:
    """The legend of the layers: what areas are coloured by, then those on top first."""
    from_top = tuple(reversed(layers))
    ordered = (
        *(layer for layer in from_top if layer.indicator),
        *(layer for layer in from_top if not layer.indicator),
    )
    return tuple(_group(layer, fields[layer.collection], language) for layer in ordered)


def class_steps(layer: LayerDefinition) -> tuple[int, ...]:
    """Which of the palette's five colours each class takes, spread over all of it."""
    return spread(len(layer.breaks) + 1)


def spread(classes: int) -> tuple[int, ...]:
    """So many classes over the five colours of a palette."""
    if classes == 1:
        return (MOST_CLASSES - 1,)
    return tuple(round(i * (MOST_CLASSES - 1) / (classes - 1)) for i in range(classes))


def _group(
    layer: LayerDefinition, fields: Sequence[Field], language: Language
) -> LegendGroup:
    names = {field.name for field in fields}
    title = layer.title[language]
    rows: tuple[LegendRow, ...] = (
        LegendRow("outline" if layer.style == "outline" else "plain", "", title),
    )
    extra: tuple[LegendRow, ...] = ()
    note = ""
    if layer.style == "indicator" and layer.indicator:
        indicator = INDICATORS[layer.indicator]
        note = f"{indicator.title[language]}, {indicator.unit}".rstrip(", ")
        rows = _class_rows(layer, language)
    elif layer.style == "office":
        rows = tuple(
            LegendRow("office", code.code, code.title[language]) for code in codelists.CONNECTION
        )
        if OFFICE_KIND_FIELD in names:
            rows += tuple(
                LegendRow("glyph", f"{OFFICE_KIND_FIELD}:{code.code}", code.title[language])
                for code in codelists.OFFICE_TYPE
            )
    elif layer.style == "node":
        rows = tuple(
            LegendRow("node", kind.id, kind.title[language]) for kind in visible_kinds(fields)
        )
    elif layer.style == "link":
        rows = _status_rows(language)
        extra = _capacity_rows(language) if "capacity_gbps" in names else ()
    elif layer.style == "road":
        words = wording(language)
        rows = tuple(LegendRow("road", key, words[f"roads_{key}"]) for key in ("trunk", "other"))
    return LegendGroup(layer.collection, title, layer.visible, rows, note, extra)


def _class_rows(layer: LayerDefinition, language: Language) -> tuple[LegendRow, ...]:
    words = wording(language)
    indicator = INDICATORS[layer.indicator or ""]
    unit, (low, high) = indicator.unit, indicator.bounds
    edges = [low, *layer.breaks, high]
    rows = []
    for step, (start, end) in zip(class_steps(layer), pairwise(edges), strict=True):
        if start == low:
            phrase, short = "class_first", f"<{end:g}"
        elif end != high:
            phrase, short = "class_range", f"{start:g}\N{EN DASH}{end:g}"
        else:
            phrase = "class_to_full" if end < math.inf else "class_last"
            short = f"\N{GREATER-THAN OR EQUAL TO}{start:g}"
        title = words[phrase].replace("{from}", f"{start:g}").replace("{to}", f"{end:g}")
        rows.append(LegendRow("area", str(step), title.replace("{unit}", unit), short))
    return (*rows, LegendRow("nodata", "none", words["no_data"]))


def _status_rows(language: Language) -> tuple[LegendRow, ...]:
    return tuple(
        LegendRow("line", status, codelists.STATUS.title(status, language), line=line)
        for status, line in LINK_LINES.items()
    )


def _capacity_rows(language: Language) -> tuple[LegendRow, ...]:
    words = wording(language)
    low, high = (f"{value:g}" for value in CAPACITY_BREAKS_GBPS)
    texts = (
        (words["capacity_first"].replace("{to}", low), f"<{low}"),
        (words["capacity_range"].replace("{from}", low).replace("{to}", high),
         f"{low}\N{EN DASH}{high}"),
        (words["capacity_last"].replace("{from}", high), f"\N{GREATER-THAN OR EQUAL TO}{high}"),
    )
    return tuple(
        LegendRow("width", str(i), *text, line=LinkLine(), size=width)
        for i, (text, width) in enumerate(zip(texts, (2, 3.5, 5.5), strict=True))
    )
