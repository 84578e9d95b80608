"""Random towns: sums that plain GeoPandas finds too, and what scenarios can only do."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gis_service.coverage.ground import Records, ground_of
from gis_service.model.coverage import Circumstances
from gis_service.services.situations import Survey
from tests.benchmarks.coverage import again, different, ours, plain, reached
from tests.town import cell, link, node, office, records

STATUSES = ("operational", "operational", "planned", "decommissioned")
TECHNOLOGIES = ("gpon", "wifi", "microwave")


def random_town(seed: int) -> Records:
    dice = np.random.default_rng(seed)
    places = dice.uniform((34.61, -0.79), (34.89, -0.61), (14, 2))
    nodes = {
        f"n{i:02}": node(
            x, status=str(dice.choice(STATUSES)), gateway=i < 3, access_point=bool(i % 2),
            public_wifi=bool(dice.random() < 0.3),
            technologies=dice.choice(TECHNOLOGIES, 2, replace=False).tolist(),
        )
        for i, (x, _) in enumerate(places)
    }
    links = {}
    for i in range(20):
        a, b = dice.choice(14, 2, replace=False)
        line = [(places[a][0], -0.7), tuple(dice.uniform((34.55, -0.85), (34.95, -0.55))),
                (places[b][0], -0.7)]
        links[f"l{i:02}"] = link(f"n{a:02}", f"n{b:02}", line, status=str(dice.choice(STATUSES)))
    offices = {
        f"o{i:02}": office(
            float(dice.uniform(34.61, 34.89)),
            str(dice.choice(["connected", "unconnected", "unknown"])),
            served_by=f"n{dice.integers(14):02}",
            required_mbps=float(dice.integers(1, 50)),
            measured_mbps=float(dice.integers(1, 50)) if i % 3 else None,
        )
        for i in range(40)
    }
    cells = {
        f"c{i:02}": cell(34.6 + i * 0.012, 34.612 + i * 0.012, float(dice.integers(1, 999)))
        for i in range(25)
    }
    found = records(nodes=nodes, links=links, offices=offices, cells=cells)
    network = found.network
    assert network is not None
    lengths = [10.0 * (i + 1) for i in range(20)]  # as stored: pieces share it by their own
    network.links["route_length_m"] = pd.Series(lengths, network.links.index)
    return found


def told(town: Records, **circumstances: Any) -> dict[str, np.ndarray]:
    survey = Survey(town, ground_of(town), {}, datetime(2026, 11, 1, tzinfo=UTC))
    return again(survey, Circumstances(**circumstances)).sums


@settings(max_examples=12, deadline=None)
@given(
    st.integers(0, 5),
    st.lists(st.integers(0, 19), max_size=4, unique=True),
    st.lists(st.integers(0, 13), max_size=2, unique=True),
)
def test_what_is_added_only_lights_and_what_is_cut_only_darkens(seed, links, nodes):
    """In every ward: cut <= now <= plan."""
    town = random_town(seed)
    cut = told(town, cut_links=tuple(f"l{i:02}" for i in links),
               cut_nodes=tuple(f"n{i:02}" for i in nodes))
    now, plan = told(town), told(town, plan=True)
    for name in ("lit", "redundant", "in_reach", "access_points", "people_within"):
        slack = 1e-6 if name == "people_within" else 0
        assert (np.nan_to_num(now[name] - cut[name]) >= -slack).all(), name
        assert (np.nan_to_num(plan[name] - now[name]) >= -slack).all(), name
    assert (plan["km_operational"] >= now["km_operational"] - 1e-9).all()
    for each in (cut, plan):
        assert (each["offices"] == now["offices"]).all()
        assert (each["connected"] == now["connected"]).all()


@pytest.mark.parametrize("seed", [1, 2, 3])  # with access points that work
def test_sums_are_those_of_plain_geopandas(seed):
    town = random_town(seed)
    lit, redundant = reached(town)
    _, found = ours(town)
    expected = plain(town, lit, redundant)
    assert expected["offices"].sum() == 40
    assert expected["km"].sum() > 0
    gaps = different(found, expected)
    # Lengths are shared along the ground here, in the plane there, and UTM's scale changes.
    assert max(gap for name, gap in gaps.items() if not name.startswith("km")) < 1e-6, gaps
    assert max(gap for name, gap in gaps.items() if name.startswith("km")) < 5e-5, gaps
