"""
No leak by any door: two databases that differ only in what is hidden, over HTTP.

The public's answers are the same byte for byte; what it may not see looks like
what does not exist; and statements under its login read the public schema alone.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack, nullcontext
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import orjson
import pytest
from sqlalchemy import text

from gis_service.model.audience import PUBLIC, Audience, visible_fields
from gis_service.model.collections import REGISTRY, SYSTEM_FIELDS
from gis_service.model.fields import Collection
from gis_service.model.processes import visible_processes
from gis_service.model.queryables import queryables_of
from gis_service.settings import Settings
from gis_service.store.database import Database
from gis_service.store.history import HISTORY
from gis_service.store.internal import INTERNAL
from gis_service.store.published import PUBLISHED, published_collections
from gis_service.store.roles import Login, role_name
from gis_service.store.tables import SCHEMA, has_column
from gis_service.web.app import create_app
from tests.conftest import Databases, new_key
from tests.leaks.asking import Answer, Question, Remembering, Site, opened
from tests.leaks.doors import (
    CHANGING,
    COMPANIONS,
    FILES,
    FORMATS,
    GET,
    INPUTS,
    NONE,
    NOT_THERE,
    PROPERTIES,
    World,
    filled,
)
from tests.leaks.fields import questions_of
from tests.leaks.hidden import MARK, conceal, copy_id, hidden_fields

pytestmark = pytest.mark.timeout(900)


@dataclass
class Twins:
    """Both applications, the second of them on the database with other hidden data."""

    runner: asyncio.Runner
    sites: tuple[Site, Site]
    databases: tuple[Database, Database]
    world: World
    logged: dict[Path, int]
    """PostgreSQL's logs, and how long they were before anything was asked."""
    all_asked: bool = False
    """Whether every door was tried already."""

    def ask(self, question: Question) -> Answer:
        return self.runner.run(self.sites[1].ask(question))


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(0, id="from the database"),
        pytest.param(64, id="from memory", marks=pytest.mark.slow),
    ],
)
def twins(
    databases: Databases, sample_template: str, settings: Settings,
    request: pytest.FixtureRequest,
) -> Iterator[Twins]:
    memory = {"snapshot_mb": request.param} if request.param else {
        "snapshot_mb": 0, "count_cap": 20,  # so that numbers are estimated too
    }
    asked = settings.model_copy(update={"max_exports": 20, **memory})
    made = [databases.fresh(sample_template) for _ in range(2)]
    addresses = [databases.with_logins(each) for each in made]
    with made[1].begin() as connection:
        conceal(connection)
    key = new_key(made[1])
    with databases.superuser(made[1]) as connection:
        role = role_name(str(made[1].url.database), Login.PUBLIC)
        connection.execute(text(f"ALTER ROLE {role} SET log_statement = 'all'"))
    logs = (databases.cluster.home / "logs").rglob("postgresql-*.log")
    logged = {path: path.stat().st_size for path in logs}

    async def enter(stack: AsyncExitStack) -> list[Site]:
        return [await stack.enter_async_context(opened(asked, each)) for each in addresses]

    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        one, other = runner.run(enter(stack))
        page = runner.run(one.ask(Question("/maps/coverage"))).body.decode()
        files = tuple(sorted(set(re.findall(r"files/([\w.-]+)", page))))
        world = _world(made[1], other, files)
        twins = Twins(runner, (one, other), (made[0], made[1]), world, logged)
        twins.runner.run(_live(one, other))
        _staff_see(twins, key)
        yield twins
        runner.run(stack.aclose())
    for each in made:
        databases.drop(each)


async def _live(*sites: Site) -> None:
    for site in sites:
        while not site.state["services"].changes.is_live:
            await asyncio.sleep(0.01)


def _staff_see(twins: Twins, key: str) -> None:
    """The hidden data is there: else nothing here would prove anything."""
    for collection in REGISTRY.values():
        answer = twins.ask(Question(
            f"/collections/{collection.id}/items", {"limit": "10000"},
            headers={"authorization": f"Bearer {key}"},
        ))
        assert answer.status == 200
        if answer.body.count(b'"Feature"') > 1 and not collection.append_only:
            assert MARK.encode() in answer.body, collection.id


def _world(database: Database, site: Site, files: tuple[str, ...]) -> World:
    ids: dict[str, tuple[str, ...]] = {}
    values: dict[tuple[str, str], tuple[str, ...]] = {}
    boxes = ["34.0,-1.5,35.5,0", "34.7701,-0.6812,34.7702,-0.6811"]
    with database.begin() as connection:
        for collection in REGISTRY.values():
            shown = "id::text"
            if collection.public is not None:
                public = f"SELECT id FROM {PUBLISHED}.{collection.id} ORDER BY id LIMIT 1"
                hidden = (copy_id("id", way) for way in ("staff", "ruled"))
                shown = f"unnest(ARRAY[id, {', '.join(hidden)}])::text"
            else:
                public = f"SELECT id FROM {SCHEMA}.{collection.id} ORDER BY id LIMIT 1"
            found = connection.execute(text(f"SELECT {shown} FROM ({public}) one")).scalars()
            ids[collection.id] = (*found, NONE)
            for field in collection.fields:
                if has_column(field):
                    values[collection.id, field.name] = tuple(connection.execute(text(
                        f"SELECT DISTINCT left({field.name}::text, 80) AS v "
                        f"FROM {SCHEMA}.{collection.id} WHERE {field.name} IS NOT NULL "
                        "ORDER BY v DESC LIMIT 3"
                    )).scalars())
        for name in ("offices", "network_nodes"):
            box = connection.execute(text(
                "SELECT ST_X(geom) - 1e-5, ST_Y(geom) - 1e-5, ST_X(geom) + 1e-5, "
                f"ST_Y(geom) + 1e-5 FROM {SCHEMA}.{name} WHERE visibility = 'staff' "
                "ORDER BY id LIMIT 1"
            )).one()
            boxes.append(",".join(f"{number:.7f}" for number in box))
    maps = site.state["services"].maps.definitions(PUBLIC)
    return World(ids, values, tuple(boxes), maps, files)


def hidden_from(collection: Collection) -> list[str]:
    """Names of everything of a public collection that the registry does not call public."""
    shown = {f.name for f in visible_fields(collection, Audience.PUBLIC)}
    staff = visible_fields(collection, Audience.ADMIN)
    names = {f.name for f in staff} | {f.name for f in SYSTEM_FIELDS}
    return sorted((names | {"extra", "network_id", "geom", "search_text"}) - shown)


def made_up(name: str) -> str:
    """A name of the same length that nothing has."""
    return "".join("q_"[n % 2] if n % 3 else "z" for n in range(len(name) - 1)) + "q"


def test_every_route_is_a_door_here(settings: Settings) -> None:
    """Whoever adds a route adds it to the doors."""
    reading: set[str] = set()
    mounted: set[str] = set()
    changing: dict[str, set[str]] = {}
    routes: list[Any] = create_app(settings, nullcontext).routes  # type: ignore[arg-type]
    for route in routes:
        methods = getattr(route, "methods", None)
        if methods is None:
            mounted.add(route.path)
        elif "GET" in methods:
            assert methods == {"GET", "HEAD"}, route.path
            reading.add(route.path)
        else:
            changing.setdefault(route.path, set()).update(methods)
    assert reading == set(GET)
    assert changing == {path: set(methods) for path, methods in CHANGING.items()}
    assert mounted == FILES


def known_of(body: bytes) -> set[str]:
    """The parameters that a refusal names; Open311 lists its errors, as JSON or as XML."""
    if body.startswith(b"<"):
        return set((ElementTree.fromstring(body).findtext("error/known") or "").split(", "))
    document = orjson.loads(body)
    return set((document[0] if isinstance(document, list) else document)["known"])


@pytest.mark.parametrize("route", GET)
def test_every_parameter_is_a_door_here(twins: Twins, route: str) -> None:
    """Each route tells what it knows when it is asked something else."""
    listed = GET[route]
    about = REGISTRY["offices"]
    path = filled(route).replace("{collection_id}", about.id).replace("{item_id}", NONE)
    path = path.replace("{number}", "1").replace("{id}", NONE)
    path = path.replace("{name}", "coverage").replace("{layer}", "roads").replace("{file}", "x")
    process = next(iter(visible_processes(Audience.PUBLIC)), None)
    path = path.replace("{process_id}", "none" if process is None else process.id)
    answer = twins.ask(Question(path, {"no_such_parameter": "1"}))
    if listed is not None and INPUTS in listed and process is None:
        assert answer.status == 404
        return
    if route in NOT_THERE:
        assert answer.status == 404
        return
    if listed is None:
        assert answer.status == 200
        return
    assert answer.status == 400
    known = known_of(answer.body)
    expected = set(listed)
    if PROPERTIES in listed:
        expected |= set(queryables_of(about, Audience.PUBLIC).fields)
        expected.remove(PROPERTIES)
    if INPUTS in listed and process is not None:
        expected |= set(process.by_name)
        expected.remove(INPUTS)
    assert known == expected


def compare(twins: Twins, questions: Iterator[Question], *, at_once: int) -> Counter[int]:
    """How often each status came; both answers are the same, and hold nothing hidden."""
    return twins.runner.run(_compared(*twins.sites, questions, at_once))


async def _compared(
    site: Site, twin: Site, questions: Iterator[Question], at_once: int
) -> Counter[int]:
    told: Counter[int] = Counter()
    while some := list(islice(questions, at_once)):
        answers = zip(*await asyncio.gather(site.ask_all(some), twin.ask_all(some)), strict=True)
        for question, (one, other) in zip(some, answers, strict=True):
            assert one == other, f"{question}\n{one.status} {other.status}"
            asked = f"{question}".encode()
            if MARK.encode() not in asked:
                assert MARK.encode() not in other.body, question
            told[one.status] += 1
    assert not any(status >= 500 for status in told), told
    return told


async def _spoken(site: Site, world: World) -> dict[str, set[str]]:
    """The formats in which each route answers the public, of whichever collection."""
    spoken: dict[str, set[str]] = {}
    for route, names in GET.items():
        companions = dict(COMPANIONS.get(route, {}))
        tried = set()
        for path, collection in world.paths(route) if names and "f" in names else ():
            about = None if collection is None else collection.id
            if about in tried or (await site.ask(Question(path, companions))).status != 200:
                continue
            tried.add(about)
            known = spoken.setdefault(route, set())
            for name in set(FORMATS) - known:
                answer = await site.ask(Question(path, {**companions, "f": name}))
                if answer.status not in (400, 406):
                    known.add(name)
    assert sum(bool(formats) for formats in spoken.values()) > 30
    return spoken


def test_all_doors_answer_alike(twins: Twins) -> None:
    from_database = not twins.sites[0].state["services"].settings.snapshot_mb
    spoken = twins.runner.run(_spoken(twins.sites[0], twins.world))
    told = compare(twins, twins.world.plain(apart=from_database, spoken=spoken), at_once=8)
    twins.all_asked = True
    assert told[200] > 500
    print(f"\n{sum(told.values()):,} questions of all doors: {dict(sorted(told.items()))}")


def test_doors_for_changes_answer_alike(twins: Twins) -> None:
    told = compare(twins, twins.world.changing(), at_once=1)
    assert not {200, 201, 204} & set(told) - {200}


@pytest.mark.parametrize("collection", published_collections(), ids=lambda c: c.id)
def test_a_hidden_field_looks_like_none(twins: Twins, collection: Collection) -> None:
    """Whatever is asked by it, the answer is that to a name that nothing has."""
    if twins.sites[0].state["services"].settings.snapshot_mb:
        pytest.skip("questions are refused before anything is read")
    known = next(f.name for f in collection.public_fields)
    fields = hidden_from(collection)
    asked, doors = twins.runner.run(_refused_alike(twins.sites[1], collection, fields, known))
    print(f"\n{collection.id}: {doors} doors x {len(fields)} fields = {asked:,} questions")


async def _refused_alike(
    site: Site, collection: Collection, fields: list[str], known: str
) -> tuple[int, int]:
    asked = 0
    doors: set[str] = set()
    of_none = Remembering(site)  # names of one length have one that nothing has
    for name in fields:
        other = made_up(name)
        pairs = zip(
            questions_of(collection, name, known), questions_of(collection, other, known),
            strict=True,
        )
        for (door, question), (_, instead) in pairs:
            if name in (GET.get(door.partition(" on ")[2]) or ()):
                continue  # the route's own parameter of this name asks for something else
            answer = (await site.ask(question)).replaced({})
            told = {
                echo(instead.query[key]): echo(value) for key, value in question.query.items()
                if key in instead.query
            }
            expected = (await of_none.ask(instead)).replaced({**told, other: name})
            assert answer == expected, f"{question}\n{answer.body!r}\n{expected.body!r}"
            assert answer.status in (400, 401, 404), question
            asked, doors = asked + 1, doors | {door.replace(name, "*")}
    return asked, len(doors)


def echo(value: str) -> str:
    """How an answer repeats a value: long ones are cut, in the midst of a name perhaps."""
    text = repr(value if len(value) <= 60 else value[:57] + "...")
    return orjson.dumps(text).decode()[1:-1]


def test_no_field_is_left_out() -> None:
    """Of a collection that the public knows, a field is public or tried above."""
    for collection in published_collections():
        public = {f.name for f in visible_fields(collection, Audience.PUBLIC)}
        hidden = set(hidden_from(collection))
        assert {f.name for f in hidden_fields(collection)} <= hidden
        assert not public & hidden
        assert {f.name for f in collection.fields} <= public | hidden


async def _looks_like_none(site: Site, name: str) -> int:
    """Questions to a hidden collection, beside those to one that does not exist."""
    other, asked = made_up(name), 0
    for route in (*GET, *CHANGING):
        if "{collection_id}" not in route:
            continue
        for method in CHANGING.get(route, ("GET", "HEAD")):
            query = dict(COMPANIONS.get(route, {}))
            for told in ({}, {"f": "html"}, {"name": "x"}, {"filter": "id = 1"}):
                path = filled(route).replace("{item_id}", NONE).replace("{number}", "1")
                answer, instead = [
                    await site.ask(
                        Question(path.replace("{collection_id}", id_), query | told, method)
                    )
                    for id_ in (name, other)
                ]
                assert answer.replaced({}) == instead.replaced({other: name}), (method, path)
                assert answer.status in (400, 404)
                asked += 1
    for query in ({"q": "kisii", "collections": name}, {"q": "x", "collections": f"wards,{name}"}):
        answer = await site.ask(Question("/search", query))
        beside = {key: value.replace(name, other) for key, value in query.items()}
        instead = await site.ask(Question("/search", beside))
        assert answer.replaced({}) == instead.replaced({other: name})
    return asked


def test_a_hidden_collection_looks_like_none(twins: Twins) -> None:
    hidden = [c.id for c in REGISTRY.values() if c.public is None]
    asked = sum(
        twins.runner.run(_looks_like_none(site, name)) for name in hidden for site in twins.sites
    )
    print(f"\n{len(hidden)} hidden collections: {asked:,} questions")


def test_a_hidden_item_looks_like_none(twins: Twins) -> None:
    """By its address, for reading and for changing; the copies are in one database only."""
    for collection in published_collections():
        first, *hidden, absent = twins.world.ids[collection.id]
        route = f"/collections/{collection.id}/items"
        assert twins.ask(Question(f"{route}/{first}")).status == 200
        for id_ in hidden:
            for path in ("", "/versions", "/versions/1"):
                for method in ("GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"):
                    answer = twins.ask(Question(f"{route}/{id_}{path}", method=method))
                    instead = twins.ask(Question(f"{route}/{absent}{path}", method=method))
                    assert answer.replaced({}) == instead.replaced({absent: id_})
                    assert answer.status in (401, 404, 405) or method == "OPTIONS"


def test_statements_of_the_public_read_the_public_schema(
    databases: Databases, twins: Twins
) -> None:
    """What PostgreSQL itself wrote down of them: no other schema is named in any."""
    name = str(twins.databases[1].url.database)
    role = role_name(name, Login.PUBLIC)
    if not twins.all_asked:
        compare(twins, twins.world.plain(apart=False), at_once=8)
    end = "the end of what is read of the log"
    with Database.at(databases.cluster.url(name, role)).begin() as connection:
        connection.execute(text(f"SELECT '{end}'"))
    logs = databases.cluster.home / "logs"
    deadline = time.monotonic() + 20
    while end not in (written := _written(logs, twins.logged)) and time.monotonic() < deadline:
        time.sleep(0.1)
    statements = [
        entry for entry in re.split(r"(?m)^(?=\d{4}-\d\d-\d\d )", written)
        if f"{role}@{name}" in entry and "DETAIL:" not in entry
    ]
    assert len(statements) > 500
    hidden = re.compile(rf"\b({SCHEMA}|{HISTORY}|{INTERNAL})\.")
    assert [each for each in statements if hidden.search(each)] == []
    assert any(f"{PUBLISHED}." in each for each in statements)


def _written(logs: Path, before: dict[Path, int]) -> str:
    """What was written to logs meanwhile."""
    return "".join(
        path.read_bytes()[before.get(path, 0):].decode("utf-8", "replace")
        for path in sorted(logs.rglob("postgresql-*.log"))
    )


def test_an_edit_of_what_is_hidden_moves_no_tag(twins: Twins) -> None:
    """Collection and item: the public's tags stay, while those of staff have moved."""
    database, site = twins.databases[1], twins.sites[1]
    changes = site.state["services"].changes
    pages = [f"/collections/{c.id}/items" for c in published_collections()]
    items = [
        f"{page}/{twins.world.ids[c.id][0]}"
        for c, page in zip(published_collections(), pages, strict=True)
    ]

    async def tags() -> list[tuple[int, str]]:
        answers = [await site.ask(Question(path)) for path in (*pages, *items)]
        return [(answer.status, answer.header("etag")) for answer in answers]

    def staff() -> list[object]:
        return [changes.version(c.id, staff=True) for c in published_collections()]

    async def moved(before: list[object]) -> None:
        for _ in range(500):
            if all(one != other for one, other in zip(before, staff(), strict=True)):
                return
            await asyncio.sleep(0.01)
        raise AssertionError("the changes were not heard of")

    tagged, known = twins.runner.run(tags()), staff()
    assert all(status == 200 and tag for status, tag in tagged)
    with database.begin() as connection:
        for collection in published_collections():
            connection.execute(text(
                f"UPDATE {SCHEMA}.{collection.id} SET extra = '{{\"again\": 1}}'"
            ))
            connection.execute(text(
                f"DELETE FROM {SCHEMA}.{collection.id} WHERE id = :id"
            ), {"id": twins.world.ids[collection.id][1]})
    twins.runner.run(moved(known))
    assert twins.runner.run(tags()) == tagged

    async def unchanged() -> set[int]:
        paths = zip((*pages, *items), tagged, strict=True)
        return {
            (await site.ask(Question(path, headers={"if-none-match": tag}))).status
            for path, (_, tag) in paths
        }

    assert twins.runner.run(unchanged()) == {304}
