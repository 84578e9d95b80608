"""Coverage and scorecards written as JSON and GeoJSON."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import numpy as np
import orjson
import shapely

from gis_service.model.coverage import (
    Circumstances,
    Coverage,
    GroupCoverage,
    GroupDifference,
    Quality,
    compared,
)
from gis_service.model.fields import Language
from gis_service.model.indicators import GROUPING_TITLES, Indicator
from gis_service.model.scorecards import Scorecards, ScoreFigure

Document = dict[str, Any]

DECIMALS = 6
_FIGURES = 3
"""Decimals of a figure."""


def coverage_features(
    coverage: Coverage,
    shapes: Mapping[str, Any],
    language: Language,
    *,
    before: Coverage | None = None,
) -> Document:
    """
    Coverage as a GeoJSON FeatureCollection (RFC 7946): a feature for each group.

    Definitions, the whole and what is in doubt are foreign members.

    Parameters
    ----------
    shapes
        Areas of groups by their keys, in longitude and latitude; a group
        without one has no geometry.
    before
        Another coverage by the same grouping: its figures stand beside as
        `..._before`, and the difference as `..._change`.
    """
    beside = {g.key: g for g in compared(before, coverage).groups} if before else {}
    written = _geometries(shapes)
    features = [
        {
            "type": "Feature",
            "id": group.key,
            "geometry": written.get(group.key),
            "properties": {
                "key": group.key,
                "title": group.title[language],
                **_values(group, coverage),
                **(_beside(beside[group.key]) if before else {}),
            },
        }
        for group in coverage.groups
    ]
    return {
        "type": "FeatureCollection",
        "features": features,
        **_head(coverage, language),
        **({"before": _circumstances(before.circumstances)} if before else {}),
        "whole": _group(coverage.whole, coverage, language),
        "quality": _quality(coverage.quality),
    }


def scorecards_document(scorecards: Scorecards, language: Language) -> Document:
    """The scorecards as JSON, each figure with its definition; null is no data."""
    return {
        "read_at": _time(scorecards.read_at),
        "since": scorecards.since.isoformat(),
        "window_days": scorecards.window_days,
        "cards": [
            {
                "theme": card.theme,
                "title": card.title[language],
                "figures": [_score(figure, language) for figure in card.figures],
            }
            for card in scorecards.cards
        ],
    }


def _score(figure: ScoreFigure, language: Language) -> Document:
    trend = figure.trend
    return {
        **indicator_document(figure.indicator, language),
        "of_theme": figure.of_theme,
        "value": number(figure.value),
        "trend": trend and {
            "before": number(trend.before),
            "after": number(trend.after),
            "change": number(trend.change),
            "basis": trend.basis.value,
        },
        "no_trend": figure.no_trend and figure.no_trend[language],
    }


def indicator_document(indicator: Indicator, language: Language) -> Document:
    """An indicator's definition, to stand beside its number."""
    return {
        "id": indicator.id,
        "title": indicator.title[language],
        "definition": indicator.description[language],
        "unit": indicator.unit,
        "source": indicator.source,
        "more_is_better": indicator.more_is_better,
    }


def _head(coverage: Coverage, language: Language) -> Document:
    return {
        "grouping": coverage.grouping.value,
        "grouping_title": GROUPING_TITLES[coverage.grouping][language],
        "read_at": _time(coverage.read_at),
        "circumstances": _circumstances(coverage.circumstances),
        "indicators": [indicator_document(each, language) for each in coverage.indicators],
    }


def _circumstances(circumstances: Circumstances) -> Document:
    told = circumstances
    return {
        "day": told.day.isoformat() if told.day else None,
        "recorded": _time(told.recorded) if told.recorded else None,
        "plan": told.plan,
        "scenario": told.scenario,
        "cut_links": list(told.cut_links),
        "cut_nodes": list(told.cut_nodes),
        "cut_trenches": list(told.cut_trenches),
        "within_m": told.within_m,
    }


def _group(group: GroupCoverage, coverage: Coverage, language: Language) -> Document:
    return {
        "key": group.key,
        "title": group.title[language],
        "values": _values(group, coverage),
    }


def _values(group: GroupCoverage, coverage: Coverage) -> dict[str, float | None]:
    return {each.id: number(group.value(each)) for each in coverage.indicators}


def _beside(group: GroupDifference) -> dict[str, float | None]:
    return {
        f"{id_}_{name}": number(value)
        for id_, each in group.differences.items()
        for name, value in (("before", each.before), ("change", each.change))
    }


def _geometries(shapes: Mapping[str, Any]) -> dict[str, Any]:
    """Areas as GeoJSON with 6 decimals, outer rings anticlockwise as RFC 7946 has them."""
    flat = shapely.transform(
        shapely.force_2d(np.array(list(shapes.values()), dtype=object)),
        lambda xy: np.round(xy, DECIMALS),
    )
    texts = shapely.to_geojson(shapely.orient_polygons(flat, exterior_cw=False))
    return {key: orjson.loads(text) for key, text in zip(shapes, texts, strict=True)}


def _quality(quality: Quality) -> Document:
    return {
        "outside": list(quality.outside),
        "on_edge": list(quality.on_edge),
        "edge_m": quality.edge_m,
        "disagreeing": list(quality.disagreeing),
        "undated_links": quality.undated_links,
    }


def number(value: float) -> float | None:
    """A figure as JSON holds it: null for no data, whole numbers without decimals."""
    if not math.isfinite(value):
        return None
    rounded = round(float(value), _FIGURES)
    return int(rounded) if rounded.is_integer() else rounded


def _time(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
