"""
The queue of the technician's phone under everything that goes wrong.

At the end every operation that the phone promised to keep is in the database exactly
once, and at no moment was one neither there nor on the phone.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest
from playwright.sync_api import Error, Playwright, Route, sync_playwright
from sqlalchemy import text

from gis_service.model.audience import Audience
from gis_service.store.database import Database
from tests.browser.field_phone import ADD, DOWNLOAD, ITEMS, SEND, WARD, Handset, Server
from tests.browser.pages import wait_until
from tests.conftest import Databases, new_key

pytestmark = pytest.mark.browser

TABLES = {"work": "work_log", "measurement": "measurements", "fault": "faults",
          "create": "structures"}


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="module")
def server(databases: Databases, sample_template: str, home: Path) -> Iterator[Server]:
    database = databases.fresh(sample_template)
    databases.with_logins(database)
    server = Server(database, home)
    server.start()
    yield server
    server.close()
    databases.drop(database)


@pytest.fixture(scope="module")
def handset(
    playwright: Playwright, server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Handset]:
    """A phone that has logged in, holds a ward and opens without a network."""
    key = new_key(server.database, Audience.TECHNICIAN, client="Fundi")
    profile = tmp_path_factory.mktemp("phone") / "profile"
    handset = Handset(playwright, profile, server.address, key)
    handset.log_in()
    handset.open()
    handset.page.evaluate(DOWNLOAD, WARD)
    handset.wait_until_kept()
    yield handset
    handset.context.close()


@dataclass
class Trouble:
    """What happens to requests on their way, by chance."""

    chance: random.Random
    on: bool = True
    seen: Counter[str] = field(default_factory=Counter)

    def meet(self, route: Route) -> None:
        kinds = ["cut", "answer lost", "sent twice", "reordered", "through", "through", "through"]
        kind = self.chance.choice(kinds) if self.on else "through"
        self.seen[kind] += 1
        try:
            if kind == "cut":
                route.abort("connectionreset")
            elif kind == "answer lost":
                route.fetch()
                route.abort("connectionreset")
            elif kind == "sent twice":
                route.fetch()
                route.fulfill(response=route.fetch())
            elif kind == "reordered" and route.request.method == "POST":
                body = orjson.loads(route.request.post_data_buffer or b"")
                self.chance.shuffle(body["operations"])
                route.fulfill(response=route.fetch(post_data=orjson.dumps(body)))
            else:
                route.continue_()
        except Error:  # the server or the page is gone meanwhile
            self.seen["died on the way"] += 1
            with suppress(Error):
                route.abort()


class Soak:
    """Operations by chance, disturbed by chance."""

    def __init__(self, handset: Handset, server: Server, seed: int) -> None:
        self.handset, self.server = handset, server
        self.chance = random.Random(seed)
        self.trouble = Trouble(self.chance)
        self.told: Counter[str] = Counter()
        self.promised: dict[str, dict[str, Any]] = {}
        self.perhaps: dict[str, dict[str, Any]] = {}
        self.offline = False
        self.items = handset.page.evaluate(ITEMS)
        self._disturb()

    def _disturb(self) -> None:
        self.handset.context.route("**/field/operations", self.trouble.meet)
        self.handset.context.route("**/field/photos/*", self.trouble.meet)

    def operation(self) -> dict[str, Any]:
        chance = self.chance
        kind = chance.choice(["work", "work", "work", "measurement", "fault", "create"])
        nodes = [each for each in self.items if each["collection"] == "network_nodes"]
        target: dict[str, Any] = {k: chance.choice(nodes)[k] for k in ("collection", "id")}
        values: dict[str, Any] = {
            "work": {"kind": "inspection", "result": "passed", "notes": "soaked"},
            "measurement": {"kind": "opticalPower", "power_dbm": -18.5},
            "fault": {"summary": "soaked"},
            "create": {"structure_type": "pole", "name": "soaked"},
        }[kind]
        op = {
            "id": str(UUID(int=chance.getrandbits(128), version=4)), "kind": kind,
            "item": str(UUID(int=chance.getrandbits(128), version=4)), "values": values,
            "target": {"collection": "structures"} if kind == "create" else target,
        }
        if kind == "create":
            where = [34.764 + chance.random() / 1000, -0.687 + chance.random() / 1000]
            op |= {"geometry": {"type": "Point", "coordinates": where}, "accuracy_m": 6}
        photo = str(UUID(int=chance.getrandbits(128), version=4))
        return {"op": op, "photo": photo if chance.random() < 0.1 else None}

    def add(self) -> None:
        some = {each["op"]["id"]: each for each in (
            self.operation() for _ in range(self.chance.randint(1, 5))
        )}
        try:
            self.handset.page.evaluate(ADD, list(some.values()))
            self.promised |= some
        except Error:
            self.perhaps |= some

    def happen(self, kind: str) -> None:
        self.told[kind] += 1
        handset = self.handset
        if kind == "server killed" and self.server.runs:
            self._kick()
            self.server.kill()
        elif kind == "network cut or back":
            self.offline = not self.offline
            handset.context.set_offline(self.offline)
        elif kind in ("page killed", "phone killed"):
            self._kick()
            if kind == "page killed":
                handset.close_page()
            else:
                handset.kill()
                self._disturb()
                handset.context.set_offline(self.offline)
            handset.open()  # from what the phone keeps, with or without a server

    def _kick(self) -> None:
        """Begin to send, and do not wait for it."""
        self.handset.page.evaluate(
            "() => { import('/static/field/queue.js').then(m => m.send(true)); }"
        )

    def send(self) -> str:
        try:
            return str(self.handset.page.evaluate(SEND)["state"])
        except Error:
            return "died"

    def revive(self) -> None:
        if not self.server.runs:
            self.server.start()
        if self.offline:
            self.happen("network cut or back")
        if self.send() == "login":  # the cookie had not reached the disk when the phone died
            self.handset.log_in()
            self.handset.open()

    def check_nothing_lost(self) -> None:
        """Whatever was promised is on the phone or in the database."""
        held = self.handset.held()
        on_phone = {each["id"] for each in held["ops"]}
        with self.server.database.begin() as connection:
            known = set(connection.execute(text("SELECT id::text FROM internal.operations"))
                        .scalars())
        assert set(self.promised) <= on_phone | known
        assert set(held["receipts"]) <= known
        self.told["looked for losses"] += 1

    def drain(self) -> None:
        """Let all trouble end, and send until nothing is left."""
        self.trouble.on = False
        self.revive()

        def is_empty() -> bool:
            self.send()
            held = self.handset.held()
            return not held["ops"] and not held["photos"]

        wait_until(is_empty, seconds=120)


def counts(database: Database) -> Counter[str]:
    with database.begin() as connection:
        return Counter({
            name: int(connection.scalar(text(f"SELECT count(*) FROM {name}")) or 0)
            for name in (*(f"gis.{table}" for table in TABLES.values()),
                         "internal.operations", "internal.attachments")
        })


@pytest.mark.parametrize("total", [
    pytest.param(50, id="short"),
    pytest.param(1000, id="soak", marks=[pytest.mark.slow, pytest.mark.timeout(3600)]),
])
def test_nothing_is_lost_and_nothing_comes_twice(
    handset: Handset, server: Server, total: int
) -> None:
    before = counts(server.database)
    soak = Soak(handset, server, seed=total)
    each = max(45, total // 8)
    planned = {
        at: kind for n, kind in enumerate(("server killed", "phone killed", "page killed"), 1)
        for at in range(n * each // 4, total, each)
    }
    while len(soak.promised) + len(soak.perhaps) < total:
        soak.add()
        done = len(soak.promised) + len(soak.perhaps)
        for at in sorted(planned):
            if at <= done:
                soak.happen(planned.pop(at))
                soak.check_nothing_lost()
        if soak.chance.random() < 0.15:
            soak.happen("network cut or back")
        if soak.chance.random() < 0.5:
            soak.send()
        if soak.chance.random() < 0.1:
            soak.revive()
    soak.drain()
    soak.check_nothing_lost()
    _all_there_once(soak, server.database, before)
    print(f"\n{total} operations: promised {len(soak.promised)}, cut short while being kept "
          f"{len(soak.perhaps)}; {dict(soak.told)}; requests {dict(soak.trouble.seen)}")


def _all_there_once(soak: Soak, database: Database, before: Counter[str]) -> None:
    """The tables grew by exactly the operations that arrived, each with its photo."""
    with database.begin() as connection:
        arrived = {str(row.id): row.outcome for row in connection.execute(
            text("SELECT id, outcome FROM internal.operations")
        )}
        photos = set(connection.execute(text("SELECT id::text FROM internal.attachments"))
                     .scalars())
        asked = soak.promised | soak.perhaps
        came = {id_: each for id_, each in asked.items() if id_ in arrived}
        assert set(soak.promised) <= set(came)
        assert {arrived[id_] for id_ in came} == {"applied"}
        for kind, table in TABLES.items():
            items = [each["op"]["item"] for each in came.values() if each["op"]["kind"] == kind]
            found = connection.scalar(
                text(f"SELECT count(*) FROM gis.{table} WHERE id = ANY(CAST(:ids AS uuid[]))"),
                {"ids": items},
            )
            assert found == len(items), kind
    now = counts(database)
    assert now["internal.operations"] - before["internal.operations"] == len(came)
    for kind, table in TABLES.items():
        made = sum(1 for each in came.values() if each["op"]["kind"] == kind)
        assert now[f"gis.{table}"] - before[f"gis.{table}"] == made, kind
    assert {each["photo"] for each in came.values() if each["photo"]} <= photos
    sent = sum(1 for each in came.values() if each["photo"])
    assert now["internal.attachments"] - before["internal.attachments"] == sent


def test_a_new_version_waits_for_the_reader_and_leaves_the_queue(
    handset: Handset, server: Server
) -> None:
    soak = Soak(handset, server, seed=7)
    soak.trouble.on = False
    server.kill()
    soak.add()
    server.start(GIS_MUNICIPALITY="Another Municipality")
    page = handset.page
    handset.context.route("**/field/operations", lambda route: route.abort())
    page.evaluate("navigator.serviceWorker.getRegistration('/field').then(r => r.update())")
    reload = page.get_by_role("button", name="Reload")
    reload.wait_for()
    waiting = {each["id"] for each in handset.held()["ops"]}
    assert waiting == set(soak.promised)
    with page.expect_navigation():
        reload.click()
    wait_until(lambda: page.evaluate("document.body?.dataset.ready") == "true")
    assert "Another Municipality" in page.evaluate(
        "fetch('/field?lang=en').then(r => r.text())"
    )
    assert page.evaluate("caches.keys().then(keys => keys.length)") == 1
    assert {each["id"] for each in handset.held()["ops"]} == waiting
    handset.context.unroute_all()
    wait_until(lambda: soak.send() == "online" and not handset.held()["ops"])
