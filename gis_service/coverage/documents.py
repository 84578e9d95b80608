"""Coverage written as JSON, and the wards with their figures as GeoJSON."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import geopandas as gpd
import numpy as np
import orjson
import shapely

from gis_service.model.coverage import (
    Circumstances,
    Comparison,
    Coverage,
    Difference,
    GroupCoverage,
    Quality,
)
from gis_service.model.fields import Language
from gis_service.model.indicators import GROUPING_TITLES, Indicator

Document = dict[str, Any]

DECIMALS = 6
_FIGURES = 3
"""Decimals of a figure."""


def coverage_document(coverage: Coverage, language: Language) -> Document:
    """Coverage as JSON; null is no data."""
    return {
        **_head(coverage, language),
        "groups": [_group(group, coverage, language) for group in coverage.groups],
        "whole": _group(coverage.whole, coverage, language),
        "quality": _quality(coverage.quality),
    }


def comparison_document(comparison: Comparison, language: Language) -> Document:
    """Two coverages beside each other as JSON; null is no data."""
    groups = [*comparison.groups, comparison.whole]
    written = [
        {
            "key": group.key,
            "title": group.title[language],
            "values": {id_: _difference(each) for id_, each in group.differences.items()},
        }
        for group in groups
    ]
    after = comparison.after
    return {
        **_head(after, language),
        "before": _circumstances(comparison.before.circumstances),
        "after": _circumstances(after.circumstances),
        "groups": written[:-1],
        "whole": written[-1],
    }


def wards_with_figures(
    coverage: Coverage, wards: gpd.GeoDataFrame, language: Language
) -> Document:
    """
    The wards as a GeoJSON FeatureCollection (RFC 7946), ids and figures with each.

    Parameters
    ----------
    coverage
        By ward.
    wards
        Indexed by id, with `code` and `constituency`, in EPSG:4326.
    """
    by_code = coverage.by_key()
    rounded = shapely.orient_polygons(
        shapely.transform(
            shapely.force_2d(wards.geometry.to_numpy()), lambda xy: np.round(xy, DECIMALS)
        ),
        exterior_cw=False,
    )
    features = []
    for ward, text in zip(wards.itertuples(), shapely.to_geojson(rounded), strict=True):
        group = by_code[str(ward.code)]
        features.append(
            {
                "type": "Feature",
                "id": str(ward.Index),
                "geometry": orjson.loads(text),
                "properties": {
                    "code": group.key,
                    "name": group.title[language],
                    "constituency": ward.constituency,
                    **_values(group, coverage),
                },
            }
        )
    return {
        "type": "FeatureCollection",
        "features": features,
        **_head(coverage, language),
        "whole": _group(coverage.whole, coverage, language),
        "outside": _group(by_code[""], coverage, language) if "" in by_code else None,
        "quality": _quality(coverage.quality),
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


def _difference(each: Difference) -> Mapping[str, float | None]:
    return {
        "before": number(each.before),
        "after": number(each.after),
        "change": number(each.change),
    }


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
    rounded = round(value, _FIGURES)
    return int(rounded) if float(rounded).is_integer() else rounded


def _time(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
