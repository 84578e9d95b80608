"""Coverage of the real wards: facilities of which nobody says whether they are connected."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from pyproj import Geod

from gis_service.coverage.ground import ground_of
from gis_service.coverage.places import OUTSIDE, pieces_of_lines, places_of
from gis_service.coverage.telling import coverage_of
from gis_service.model.coverage import NOW
from gis_service.model.indicators import Grouping
from gis_service.services.situations import Survey, situation_of
from tests.town import office, records

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def wards(shared_data: Path) -> gpd.GeoDataFrame:
    read = gpd.read_file(shared_data / "wards" / "kisii_wards.geojson")
    return gpd.GeoDataFrame(
        {"code": read["wardcode"], "name": read["ward"], "constituency": read["const"]},
        geometry=read.geometry, crs=4326,
    )


def test_facilities_that_nobody_reported_on_are_no_data_in_every_ward(wards, shared_data):
    """131 public facilities, 4 of them outside the county, one of these by a sign error."""
    facilities = gpd.read_file(shared_data / "places" / "health_facilities.geojson")
    found = records(areas=wards, offices={
        f"h{number:03}": {**office(None, None), "geometry": place}
        for number, place in enumerate(facilities.geometry)
    })
    survey = Survey(found, ground_of(found), {}, datetime(2026, 11, 1, tzinfo=UTC))
    situation, quality = situation_of(survey, NOW, date(2026, 11, 1))
    told = coverage_of(situation, Grouping.WARD, circumstances=NOW, read_at=survey.read_at,
                       quality=quality)
    assert len(told.groups) == 46
    assert told.whole.value("offices") == 131
    assert told.groups[-1].value("offices") == len(quality.outside) == 4
    assert all(math.isnan(group.value("share_connected")) for group in told.groups)
    assert all(math.isnan(group.value("share_lit")) for group in told.groups)
    empty = [group for group in told.groups if not group.value("offices")]
    assert empty
    assert all(math.isnan(group.value("share_unknown")) for group in empty)


def test_a_backbone_is_cut_at_the_edges_of_the_wards_and_nothing_is_lost(wards, shared_data):
    spans = gpd.read_file(shared_data / "fibre" / "jtl" / "ofds_JTL_Kenya_spans.geojson")
    lines = spans.geometry.dropna()
    pieces = pieces_of_lines(places_of(wards), lines.to_numpy())
    geod = Geod(ellps="WGS84")
    whole = [geod.geometry_length(line) for line in lines]
    assert np.bincount(pieces.of, pieces.size).tolist() == pytest.approx(whole, abs=0.01)
    inside = pieces.size[pieces.ward != OUTSIDE].sum()
    assert 0 < inside < sum(whole)
    assert pd.Series(list(zip(pieces.of, pieces.ward, strict=True))).is_unique
