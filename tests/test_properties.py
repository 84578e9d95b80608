"""
Properties that the catalogue asks for and no other file tries; `adversarial.md` lists all.

Each is tried with a few examples, and with many by `./gis test -m slow`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest
import shapely
from hypothesis import HealthCheck, given
from hypothesis import settings as tried
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text
from starlette.testclient import TestClient

from gis_service.errors import GisError
from gis_service.model.audience import Audience
from gis_service.services.load_requests import LoadRequest
from gis_service.services.loading import load_file
from gis_service.settings import Settings
from tests.conftest import Databases
from tests.editing import PATCH, World, made, world
from tests.fieldwork import operation, send


def depth(few: int, many: int) -> Any:
    """So many examples each time, and so many when there is time."""
    return pytest.mark.parametrize(
        "examples",
        [pytest.param(few, id="brief"), pytest.param(many, id="deep", marks=pytest.mark.slow)],
    )


def lightly(examples: int, **more: Any) -> Any:
    return tried(
        max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), **more
    )


@pytest.fixture(scope="module")
def place(databases: Databases, sample_template: str, settings: Settings) -> Iterator[World]:
    yield from world(databases, sample_template, settings)


@pytest.fixture(scope="module")
def planner(place: World) -> Iterator[TestClient]:
    with place.clients(audience=Audience.PLANNER) as client:
        yield client


@pytest.fixture(scope="module")
def technician(place: World) -> Iterator[TestClient]:
    with place.clients(audience=Audience.TECHNICIAN) as client:
        yield client


NAMES = st.sampled_from(["a", "b", "c", "d"])


@depth(4, 150)
def test_every_edit_that_was_taken_is_in_the_row_in_history_or_in_a_conflict(
    place: World, planner: TestClient, technician: TestClient, examples: int
) -> None:
    """(3) Phones that saw different states, planners between them, and all of it sent again."""

    class Sync(RuleBasedStateMachine):
        seen = Bundle("seen")

        def __init__(self) -> None:
            super().__init__()
            address, _ = made(planner, name="start")
            self.address = address
            self.id = address.rsplit("/", 1)[1]
            self.taken: list[tuple[dict[str, Any], dict[str, Any]]] = []
            self.number = 0

        @rule(target=seen)
        def look(self) -> Any:
            """A phone takes along how the node stands."""
            return technician.get(self.address).json()["properties"]

        @rule(seen=seen, names=st.dictionaries(st.sampled_from(["name", "slack_m"]), NAMES,
                                               min_size=1))
        def change_offline(self, seen: dict[str, Any], names: dict[str, str]) -> None:
            self.number += 1
            values = {
                name: float(self.number * 10 + ord(value)) if name == "slack_m"
                else f"{value}{self.number}"
                for name, value in names.items()
            }
            base = {name: seen.get(name) for name in values} | {"version": seen["version"]}
            sent = operation(
                "update", target={"collection": "network_nodes", "id": self.id},
                values=values, base=base,
            )
            [result] = send(technician, sent)
            assert result["outcome"] in {"applied", "merged", "conflict"}, result
            self.taken.append((sent, result))

        @rule()
        def send_all_again(self) -> None:
            if self.taken:
                results = send(technician, *[sent for sent, _ in self.taken])
                assert results == [result for _, result in self.taken]

        @rule(name=NAMES)
        def plan(self, name: str) -> None:
            self.number += 1
            content = orjson.dumps({"properties": {"name": f"planned {name}{self.number}"}})
            assert planner.patch(self.address, content=content, headers=PATCH).status_code == 204

        @invariant()
        def nothing_is_lost(self) -> None:
            with place.database.begin() as connection:
                rows = connection.execute(text(
                    "SELECT name, slack_m FROM history.network_nodes WHERE id = :id"
                ), {"id": self.id}).all()
                kept = connection.execute(text(
                    "SELECT operation_id, fields FROM internal.conflicts WHERE item_id = :id"
                ), {"id": self.id}).all()
            stood = {"name": {row.name for row in rows}, "slack_m": {row.slack_m for row in rows}}
            waiting = {(str(row.operation_id), name) for row in kept for name in row.fields}
            for sent, result in self.taken:
                for name, value in sent["values"].items():
                    if name in result.get("fields", ()):
                        assert (sent["id"], name) in waiting
                    else:
                        assert value in stood[name], (name, value, result)

    run_state_machine_as_test(
        Sync, settings=lightly(examples, stateful_step_count=8)
    )


@pytest.mark.parametrize("collection", ["offices", "fibre_links", "wards"])
@depth(12, 400)
def test_a_box_holds_what_shapely_finds_in_it(
    planner: TestClient, collection: str, examples: int
) -> None:
    """(4) Boxes of every size and place, those that cross the antimeridian among them."""
    path = f"/collections/{collection}/items"
    found = planner.get(path, params={"limit": 10_000}).json()["features"]
    shapes = {f["id"]: shapely.geometry.shape(f["geometry"]) for f in found if f["geometry"]}
    assert len(shapes) > 10
    bounds = shapely.total_bounds(list(shapes.values()))

    @lightly(examples)
    @given(
        st.tuples(st.floats(-0.2, 1.2), st.floats(-0.2, 1.2)),
        st.tuples(st.floats(-0.2, 1.2), st.floats(-0.2, 1.2)), st.booleans(),
    )
    def holds(across: tuple[float, float], up: tuple[float, float], around: bool) -> None:
        wide, high = bounds[2] - bounds[0], bounds[3] - bounds[1]
        west, east = (round(bounds[0] + part * wide, 7) for part in sorted(across))
        south, north = (round(bounds[1] + part * high, 7) for part in sorted(up))
        boxes = [shapely.box(west, south, east, north)]
        if around and west < east:
            boxes = [shapely.box(east, south, 180, north), shapely.box(-180, south, west, north)]
            west, east = east, west
        asked = planner.get(
            path, params={"limit": 10_000, "bbox": f"{west},{south},{east},{north}"}
        )
        assert asked.status_code == 200, asked.text
        got = {feature["id"] for feature in asked.json()["features"]}
        near = {  # within what a coordinate is rounded to, either answer is right
            id_ for id_, shape in shapes.items()
            if any(shape.distance(box.boundary) < 1e-6 for box in boxes)
        }
        wanted = {id_ for id_, shape in shapes.items() if any(shape.intersects(b) for b in boxes)}
        assert got - near == wanted - near

    holds()


class Skeleton(HTMLParser):
    """A page's elements with the names of their attributes; and its texts apart."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, tuple[str, ...]]] = []
        self.texts: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(name for name, _ in attrs)))
        self.texts += [value or "" for _, value in attrs]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


MARKUP = st.sampled_from([
    "<script>alert(1)</script>", "</script>", "<!--", "]]>", "'\"><img src=x onerror=alert(1)>",
    "${alert(1)}", "{{7*7}}", "{% raw %}", "javascript:alert(1)", "&lt;b&gt;", "\u2028", "</title>",
    "</style>", "</textarea>", "`", "\\u003cb\\u003e", "<svg/onload=alert(1)>",
])


@depth(8, 300)
def test_any_text_is_text_in_a_page(planner: TestClient, examples: int) -> None:
    """(8) Whatever a name is, the page has the elements that it has with a plain name."""
    address, _ = made(planner, name="Plain")
    plain = _skeleton(planner, address).elements

    @lightly(examples)
    @given(st.lists(MARKUP | st.text(max_size=20), min_size=1, max_size=4).map("".join))
    def holds(name: str) -> None:
        content = orjson.dumps({"properties": {"name": name}})
        answer = planner.patch(address, content=content, headers=PATCH)
        if answer.status_code != 204:
            assert answer.status_code == 400, answer.text
            return
        stands = planner.get(address).json()["properties"]["name"]
        shown = _skeleton(planner, address)
        assert shown.elements == plain
        plainly = re.sub(r"\s+", " ", stands).strip()
        assert any(plainly in re.sub(r"\s+", " ", words) for words in shown.texts)

    holds()


def _skeleton(client: TestClient, path: str) -> Skeleton:
    answer = client.get(path, headers={"Accept": "text/html"})
    assert answer.status_code == 200
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    return Skeleton(answer.text)


ROWS = 5
WHOLE = "external_id,name,status,lon,lat\n" + "".join(
    f"prop-{n},Näme {n},planned,{34.7 + n / 100},-0.6\n" for n in range(ROWS)
)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A file of nodes that was cut, or in which bytes were turned, put in or left out."""
    content = bytearray(WHOLE.encode())
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(content) - 1))
        some = draw(st.binary(max_size=4) | st.sampled_from([b'"', b"\n", b",", b"\0", b"\xff"]))
        content[at : at + draw(st.integers(0, 3))] = some
    if draw(st.booleans()):
        del content[draw(st.integers(1, len(content))) :]
    return bytes(content)


@depth(4, 200)
def test_any_bytes_are_an_error_or_a_complete_load(
    place: World, settings: Settings, tmp_path: Path, examples: int
) -> None:
    """(6) There is no third state; what is told is what stands."""
    @lightly(examples)
    @given(damaged() | st.binary(max_size=200))
    def holds(content: bytes) -> None:
        path = tmp_path / f"{uuid4().hex}.csv"
        path.write_bytes(content)
        before = _nodes(place)
        try:
            report = load_file(
                place.database, settings, LoadRequest(path, "network_nodes", network="kisii")
            )
        except GisError:
            assert _nodes(place) == before
            return
        assert report.inserted + report.updated + report.unchanged == report.read
        assert not report.rejected
        assert len(_nodes(place)) == len(before) + report.inserted

    holds()


def _nodes(place: World) -> list[tuple[Any, ...]]:
    with place.database.begin() as connection:
        rows = connection.execute(text(
            "SELECT id, external_id, name, version FROM gis.network_nodes ORDER BY id"
        ))
        return [tuple(row) for row in rows]
