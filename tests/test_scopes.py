"""
Several counties in one installation: each one's staff see and change what is theirs.

Two databases that differ only in what the other county has answer one county's
staff alike, byte for byte, at every door.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from gis_service.errors import Conflict, GisError, InvalidParameter
from gis_service.model.audience import PUBLIC, Audience
from gis_service.model.collections import REGISTRY
from gis_service.model.jobs import Job, JobState
from gis_service.services.keys import create_key, rotate_key
from gis_service.services.load_requests import LoadRequest
from gis_service.services.loading import load_file
from gis_service.services.scopes import add_scope, give, list_scopes, take_back
from gis_service.services.worker import words_for
from gis_service.settings import Settings
from gis_service.store.database import Database
from gis_service.store.roles import Login, scope_role
from gis_service.store.row_security import is_limited
from gis_service.store.tables import has_column
from tests.conftest import Databases
from tests.leaks.asking import Answer, Question, Site, opened
from tests.leaks.doors import NONE, World
from tests.leaks.hidden import MARK
from tests.leaks.other_county import (
    OTHER,
    OTHER_ID,
    OTHER_REPORT,
    OURS,
    copy_id,
    fill,
    logins_of,
    share,
)

pytestmark = pytest.mark.timeout(900)

STAFF = {
    "ours": (OURS, Audience.PLANNER), "field": (OURS, Audience.TECHNICIAN),
    "other": (OTHER, Audience.PLANNER), "whole": (None, Audience.PLANNER),
}


@dataclass
class Twins:
    """Two applications; in the second one's database the other county has something."""

    runner: asyncio.Runner
    sites: tuple[Site, Site]
    databases: tuple[Database, Database]
    keys: dict[str, str]
    world: World

    def ask(self, who: str, path: str, method: str = "GET", **more: Any) -> Answer:
        """What the second site answers to somebody."""
        return self.runner.run(self.sites[1].ask(self.question(who, path, method, **more)))

    def question(self, who: str, path: str, method: str = "GET", **more: Any) -> Question:
        headers = {"authorization": f"Bearer {self.keys[who]}", **more.pop("headers", {})}
        if "json" in more:
            headers.setdefault("content-type", "application/geo+json")
            more["body"] = orjson.dumps(more.pop("json"))
        return Question(path, more.pop("query", {}), method, headers, **more)


@pytest.fixture(scope="module")
def twins(
    databases: Databases, sample_template: str, settings: Settings
) -> Iterator[Twins]:
    base = databases.fresh(sample_template)
    share(base)
    keys = {
        who: create_key(base, role=role, name=who, scope=scope).text.shown()
        for who, (scope, role) in STAFF.items()
    }
    base.engine.dispose()
    made = [databases.fresh(str(base.url.database)) for _ in range(2)]
    addresses = [logins_of(databases, each) for each in made]
    with made[1].begin() as connection:
        fill(connection)
    asked = settings.model_copy(
        update={"max_exports": 20, "snapshot_mb": 0, "key_rate": 1_000_000}
    )

    async def enter(stack: AsyncExitStack) -> list[Site]:
        return [await stack.enter_async_context(opened(asked, each)) for each in addresses]

    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        one, other = runner.run(enter(stack))
        twins = Twins(runner, (one, other), (made[0], made[1]), keys, _world(made[1], other))
        runner.run(_live(twins))
        yield twins
        runner.run(stack.aclose())
    for each in (*made, base):
        databases.drop(each)


async def _live(twins: Twins) -> None:
    for site in twins.sites:
        whole = site.state["services"]
        for services in (whole, await whole.scopes.of(1), await whole.scopes.of(2)):
            while not services.changes.is_live:
                await asyncio.sleep(0.01)


def _world(database: Database, site: Site) -> World:
    """Of each collection an item of ours, one of the other county, and none."""
    ids: dict[str, tuple[str, ...]] = {}
    values: dict[tuple[str, str], tuple[str, ...]] = {}
    with database.begin() as connection:
        for collection in REGISTRY.values():
            shown = f"unnest(ARRAY[id, {copy_id('id')}])" if collection.networked else "id"
            mine = f"WHERE network_id <> '{OTHER_ID}'" if collection.networked else ""
            ids[collection.id] = (*connection.execute(text(
                f"SELECT {shown}::text FROM (SELECT id FROM gis.{collection.id} {mine} "
                "ORDER BY id LIMIT 1) one"
            )).scalars(), NONE)
            for field in collection.fields:
                if has_column(field):
                    values[collection.id, field.name] = tuple(connection.execute(text(
                        f"SELECT DISTINCT left({field.name}::text, 80) AS v "
                        f"FROM gis.{collection.id} WHERE {field.name} IS NOT NULL "
                        "ORDER BY v DESC LIMIT 2"
                    )).scalars())
    boxes = ("34.0,-1.5,35.5,0", "34.7701,-0.6812,34.7702,-0.6811")
    return World(ids, values, boxes, site.state["services"].maps.definitions(PUBLIC), ())


def compare(twins: Twins, questions: Iterator[Question], *, at_once: int) -> Counter[int]:
    """How often each status came; both answers are the same, and none tells of the other."""
    return twins.runner.run(_compared(twins.sites, questions, at_once))


async def _compared(
    sites: tuple[Site, Site], questions: Iterator[Question], at_once: int
) -> Counter[int]:
    told: Counter[int] = Counter()
    while some := list(islice(questions, at_once)):
        answers = zip(*[await site.ask_all(some) for site in sites], strict=True)
        for question, (one, other) in zip(some, answers, strict=True):
            assert one == other, f"{question}\n{one}\n{other}"[:4000]
            if MARK not in f"{question}":
                assert MARK.encode() not in other.body, question
            told[one.status] += 1
    assert not any(status >= 500 for status in told), told
    return told


@pytest.mark.parametrize(
    ("who", "every"),
    [
        ("ours", 83), ("field", 211),
        pytest.param("ours", 1, marks=pytest.mark.slow),
        pytest.param("field", 1, marks=pytest.mark.slow),
    ],
)
def test_no_door_tells_of_the_other_county(twins: Twins, who: str, every: int) -> None:
    """One in so many of all questions at all doors; by night all of them."""
    bearer = {"authorization": f"Bearer {twins.keys[who]}"}

    def asked() -> Iterator[Question]:
        for question in islice(twins.world.plain(apart=False), 0, None, every):
            yield replace(question, headers={**question.headers, **bearer})

    told = compare(twins, asked(), at_once=8)
    assert told[200] > 10
    print(f"\n{who}: {sum(told.values()):,} questions: {dict(sorted(told.items()))}")


NETWORKED = [c for c in REGISTRY.values() if c.networked]


def ids_of(twins: Twins, collection: str) -> tuple[str, str]:
    """An item of ours, and its copy in the other county."""
    ours, other, _ = twins.world.ids[collection]
    return ours, other


def test_each_county_sees_its_own_and_the_whole_sees_all(twins: Twins) -> None:
    for name in ("network_nodes", "fibre_links", "offices", "equipment"):
        found: dict[str, set[str]] = {}
        for who in STAFF:
            answer = twins.ask(who, f"/collections/{name}/items", query={"limit": "10000"})
            found[who] = {each["id"] for each in orjson.loads(answer.body)["features"]}
        assert found["ours"] == found["field"]
        assert len(found["ours"]) == len(found["other"]) > 0
        assert not found["ours"] & found["other"]
        assert found["whole"] == found["ours"] | found["other"]
    for who in STAFF:  # what belongs to nobody in particular
        assert orjson.loads(twins.ask(who, "/collections/wards/items").body)["numberMatched"] > 10
    named = orjson.loads(twins.ask("other", "/collections/networks/items").body)["features"]
    assert [each["id"] for each in named] == [OTHER_ID]


@pytest.mark.parametrize("who", ["ours", "field"])
def test_changing_what_is_the_other_countys_is_as_changing_nothing(
    twins: Twins, who: str
) -> None:
    patch = {"type": "Feature", "properties": {"external_id": "mine"}}
    for collection in (*NETWORKED, REGISTRY["networks"]):
        other = OTHER_ID if collection.id == "networks" else twins.world.ids[collection.id][1:2]
        for id_ in [other] if isinstance(other, str) else other:
            for method, body in (("PATCH", patch), ("DELETE", None)):
                told = [
                    twins.ask(
                        who, f"/collections/{collection.id}/items/{each}", method,
                        **({} if body is None else {"json": body}),
                        headers={} if body is None else {
                            "content-type": "application/merge-patch+json"},
                    )
                    for each in (id_, NONE)
                ]
                assert told[0].replaced({}) == told[1].replaced({NONE: id_}), collection.id
                assert told[0].status in (403, 404, 405), (collection.id, told[0].body)


def node(network: str, **properties: object) -> dict[str, object]:
    return {
        "type": "Feature", "geometry": {"type": "Point", "coordinates": [34.77, -0.68]},
        "properties": {"name": "New", "status": "planned", "network": network, **properties},
    }


def test_nothing_is_added_to_another_county(twins: Twins) -> None:
    path = "/collections/network_nodes/items"
    for named in (OTHER, OTHER_ID):
        made_up = "".join("0" if c.isdigit() else c for c in named)[::-1]
        told = [twins.ask("ours", path, "POST", json=node(each)) for each in (named, made_up)]
        assert told[0].status == 422 or told[0].status == 400
        assert told[0].replaced({}) == told[1].replaced({made_up: named})
    made = twins.ask("ours", path, "POST", json=node(OURS))
    assert made.status == 201
    alone = node(OURS)
    del alone["properties"]["network"]  # type: ignore[attr-defined]
    assert twins.ask("ours", path, "POST", json=alone).status == 201  # the only one it knows

    start, other = ids_of(twins, "network_nodes")
    for end in (other, NONE):
        link = {
            "type": "Feature",
            "geometry": {"type": "LineString", "coordinates": [[34.77, -0.68], [34.78, -0.68]]},
            "properties": {"name": "x", "status": "planned", "network": OURS,
                           "start_node": start, "end_node": end},
        }
        refused = twins.ask("ours", "/collections/fibre_links/items", "POST", json=link)
        assert refused.status in (400, 422)
        assert b"unknown-reference" in refused.body


def test_what_is_of_the_whole_is_left_to_the_whole(twins: Twins) -> None:
    ward = twins.world.ids["wards"][0]
    patch = {"type": "Feature", "properties": {"name": "Mine"}}
    headers = {"content-type": "application/merge-patch+json"}
    refused = twins.ask("ours", f"/collections/wards/items/{ward}", "PATCH", json=patch,
                        headers=headers)
    assert refused.status == 403
    assert b"whole installation" in refused.body
    network = {"type": "Feature", "properties": {
        "external_id": "third", "name": "Third", "extent": [34, -1, 35, 0], "metric_srid": 32736,
        "synthetic": True}}
    assert twins.ask("ours", "/collections/networks/items", "POST", json=network).status == 403
    assert twins.ask("ours", "/publish").status == 403
    assert twins.ask("ours", "/metrics").status == 404
    assert twins.ask("whole", "/metrics").status == 200
    assert twins.ask("whole", "/publish").status == 200


def test_reports_go_to_the_county_of_their_ward(twins: Twins) -> None:
    path = f"/reports/{OTHER_REPORT}"
    assert twins.ask("other", path).status == 200
    assert twins.ask("whole", path).status == 200
    assert twins.ask("ours", path).status == 404


def test_a_change_in_one_county_moves_no_tag_in_the_other(twins: Twins) -> None:
    path = "/collections/offices/items"

    def tags() -> dict[str, str]:
        return {who: twins.ask(who, path).header("etag") for who in ("ours", "other", "whole")}

    before = tags()
    assert all(before.values())
    whole = twins.sites[1].state["services"]
    known = [whole, twins.runner.run(whole.scopes.of(2))]
    versions = [each.changes.version("offices", staff=True) for each in known]
    _, other = ids_of(twins, "offices")
    changed = twins.ask(
        "other", f"{path}/{other}", "PATCH",
        json={"type": "Feature", "properties": {"name": "Changed"}},
        headers={"content-type": "application/merge-patch+json"},
    )
    assert changed.status == 204, changed.body


    async def heard() -> None:
        for _ in range(500):
            now = [each.changes.version("offices", staff=True) for each in known]
            if all(one != other for one, other in zip(now, versions, strict=True)):
                return
            await asyncio.sleep(0.01)
        raise AssertionError("the change was not heard of")

    twins.runner.run(heard())
    after = tags()
    assert after["ours"] == before["ours"]
    assert after["other"] != before["other"]
    assert after["whole"] != before["whole"]


@pytest.fixture(scope="module")
def under(twins: Twins, databases: Databases) -> dict[str, Database]:
    """The second database under logins of our county."""
    name = str(twins.databases[1].url.database)
    return {
        login.value: Database.at(databases.cluster.url(name, scope_role(name, login, 1)))
        for login in (Login.TECHNICIAN, Login.PLANNER, Login.LOADER, Login.GATE)
    }


COUNTED = "SELECT count(*) FROM {} WHERE {}"
BESIDE = {
    "internal.jobs": "scope_id = 2", "internal.uploads": "scope_id = 2",
    "internal.operations": "scope_id = 2", "internal.answers": "scope_id = 2",
    "internal.attachments": "scope_id = 2", "internal.conflicts": "scope_id = 2",
    "internal.reports": f"reference = '{OTHER_REPORT}'",
    "gis.networks": f"id = '{OTHER_ID}'", "history.networks": f"id = '{OTHER_ID}'",
    "gis.node_joins": "name = 'zzhidden'", "history.node_joins": "name = 'zzhidden'",
    "gis.collection_versions": "scope_id <> 1", "gis.collection_changes": "scope_id <> 1",
    **{
        f"{schema}.{c.id}": f"network_id = '{OTHER_ID}'"
        for schema in ("gis", "history") for c in NETWORKED
    },
}
"""Of each table, what is the other county's."""


def may_read(connection: Connection, name: str) -> bool:
    return bool(connection.scalar(text(f"SELECT has_table_privilege('{name}', 'SELECT')")))


def test_the_login_itself_reads_and_writes_no_other_county(
    twins: Twins, under: dict[str, Database]
) -> None:
    """By SQL, whatever the session says of itself: PostgreSQL knows who logged in."""
    with twins.databases[1].begin() as owner:
        there = {
            name: owner.scalar(text(COUNTED.format(name, condition)))
            for name, condition in BESIDE.items()
        }
    assert sum(bool(rows) for rows in there.values()) > 30
    seen = set()
    for database in under.values():
        with database.begin() as connection:
            connection.execute(text("SELECT set_config('gis.scope', '2', false)"))
            for name, condition in BESIDE.items():
                if may_read(connection, name):
                    assert connection.scalar(text(COUNTED.format(name, condition))) == 0, name
                    seen.add(name)
    assert seen == set(BESIDE)
    _, other = ids_of(twins, "offices")
    planner = under["planner"]
    for statement in (
        f"UPDATE gis.offices SET network_id = '{OTHER_ID}'",
        f"INSERT INTO gis.offices (network_id, external_id, name, office_type, connection) "
        f"VALUES ('{OTHER_ID}', 'x', 'x', 'ward', 'unknown')",
        "INSERT INTO internal.jobs (id, kind, payload, scope_id) "
        "VALUES (gen_random_uuid(), 'load', '{}', 2)",
        "UPDATE internal.api_keys SET scope_id = NULL", "DELETE FROM internal.scope_networks",
        "SET ROLE gis_owner", "SET SESSION AUTHORIZATION gis_owner", "SET row_security = off; "
        "SELECT count(*) FROM gis.offices",
        "SELECT internal.touch_scopes()", "ALTER TABLE gis.offices DISABLE ROW LEVEL SECURITY",
    ):
        with pytest.raises(DBAPIError), planner.begin() as connection:
            connection.execution_options(no_parameters=True).exec_driver_sql(statement)
    for statement in (
        f"UPDATE gis.offices SET name = 'x' WHERE id = '{other}'",
        f"DELETE FROM gis.offices WHERE id = '{other}'", "UPDATE gis.wards SET name = 'x'",
    ):
        with planner.begin() as connection:
            assert connection.execute(text(statement)).rowcount == 0


def test_an_error_tells_nothing_of_rows_that_are_not_seen(
    twins: Twins, under: dict[str, Database]
) -> None:
    """A condition that fails for a row is asked of rows of one's own only."""
    _, other = ids_of(twins, "offices")
    statement = (
        "SELECT count(*) FROM gis.offices WHERE 1 / "
        f"(CASE WHEN id = '{other}' THEN 0 ELSE 1 END) = 1"
    )
    with under["planner"].begin() as connection:
        assert connection.scalar(text(statement)) > 0
    with pytest.raises(DBAPIError, match="division"), twins.databases[1].begin() as owner:
        owner.execute(text(statement))


def test_the_index_on_geometry_serves_under_the_policy(
    twins: Twins, under: dict[str, Database]
) -> None:
    """Whether boxes meet is asked before the policy, for it tells nothing else."""
    asked = (
        "EXPLAIN SELECT id FROM gis.fibre_links "
        "WHERE geom && ST_MakeEnvelope(34.77, -0.68, 34.771, -0.679, 4326)"
    )
    with under["planner"].begin() as connection:
        for way in ("enable_seqscan", "enable_indexscan"):
            connection.execute(text(f"SET LOCAL {way} = off"))
        plan = "\n".join(connection.execute(text(asked)).scalars())
    assert "fibre_links_geom_idx" in plan, plan
    assert "Filter: (network_id = ANY" in plan, plan


def test_scopes_are_made_given_and_taken_back(database: Database) -> None:
    with database.begin() as connection:
        assert not is_limited(connection)
        for name in ("one", "two"):
            connection.execute(text(
                "INSERT INTO gis.networks (external_id, name, extent, metric_srid, synthetic) "
                "VALUES (:name, :name, '[34, -1, 35, 0]', 32736, true)"
            ), {"name": name})
    add_scope(database, "kisii", title="Kisii", networks=["one"])
    with pytest.raises(Conflict):
        add_scope(database, "kisii", title="Again")
    for name, networks in (("Kisii!", ()), ("third", ("none",))):
        with pytest.raises(InvalidParameter):
            add_scope(database, name, title="x", networks=networks)
    assert give(database, "kisii", networks=["two"]).networks == ("one", "two")
    assert take_back(database, "kisii", networks=["one"]).networks == ("two",)
    add_scope(database, "nyamira", title="Nyamira", networks=["two"])
    assert [(each.name, each.networks) for each in list_scopes(database)] == [
        ("kisii", ()), ("nyamira", ("two",))
    ]
    with pytest.raises(InvalidParameter, match="whole installation"):
        create_key(database, role=Audience.ADMIN, name="Jane", scope="kisii")
    with pytest.raises(InvalidParameter):
        create_key(database, role=Audience.PLANNER, name="Jane", scope="none")
    key = create_key(database, role=Audience.PLANNER, name="Jane", client="pc", scope="kisii")
    assert key.record.scope == "kisii"
    renewed, _ = rotate_key(database, "pc")
    assert renewed.record.scope == "kisii"


def test_a_load_fills_networks_of_its_own_scope(
    twins: Twins, under: dict[str, Database], settings: Settings, tmp_path: Path
) -> None:
    """Under the login that a worker loads with for who is held to a scope."""
    nodes, networks = tmp_path / "nodes.csv", tmp_path / "networks.csv"
    nodes.write_text("external_id,name,status,lon,lat\nours-1,Ours,operational,34.77,-0.68\n")
    networks.write_text(
        "external_id,name,extent,metric_srid,synthetic\n"
        'third,Third,"[34.3, -1.2, 35.2, -0.3]",32736,true\n'
    )
    for named in (OTHER, "none"):
        with pytest.raises(GisError, match=f"no network '{named}'. Known: {OURS}"):
            load_file(under["loader"], settings,
                      LoadRequest(path=nodes, collection="network_nodes", network=named))
    report = load_file(
        under["loader"], settings,
        LoadRequest(path=nodes, collection="network_nodes", network=OURS),
    )
    assert report.inserted == 1
    with pytest.raises(DBAPIError) as refused:
        load_file(under["loader"], settings, LoadRequest(path=networks, collection="networks"))
    job = replace(_JOB, scope_id=1)
    assert "does not belong to your scope" in words_for(job, refused.value)
    loaded = orjson.loads(twins.ask("ours", "/loads").body)["loads"]
    assert loaded[0]["source"] == nodes.name
    assert orjson.loads(twins.ask("other", "/loads").body)["loads"][0]["source"] == MARK


_JOB = Job(
    UUID(int=1), "load", {}, None, JobState.RUNNING, False, 0, None, None, None, 1, None,
    datetime.now(UTC), None, None, None,
)
