"""What was kept outlives a server that is killed before it could carry it out."""

from __future__ import annotations

import threading
import time
import urllib.request
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import text

from gis_service.model.audience import Audience
from gis_service.store.database import Database
from tests.conftest import Databases, new_key, service_of
from tests.fieldwork import HERE, OPERATIONS, body, operation

_STATE = "SELECT outcome FROM internal.operations WHERE id = :id"
_WAITS = (
    "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'gis.faults'::regclass"
)
_DONE = (
    "SELECT (SELECT count(*) FROM gis.faults WHERE id = :id), "
    "(SELECT count(*) FROM history.faults WHERE id = :id)"
)


def test_work_outlives_a_server_that_is_killed_between_keeping_and_doing_it(
    databases: Databases, sample_database: Database, home: Path
) -> None:
    """
    A lock that a test holds makes the work wait after it was kept; then the
    process is killed. The phone never had an answer, and sends it once more.
    """
    database = sample_database
    databases.with_logins(database)
    key = new_key(database, Audience.TECHNICIAN)
    sent = operation("fault", values={"summary": "Cut at the bridge"}, geometry=HERE)
    unanswered: list[Exception] = []

    def send(address: str) -> None:
        try:
            _post(address, key, sent)
        except OSError as error:
            unanswered.append(error)

    def found(statement: str, id_: str = "") -> Any:
        with database.begin() as connection:
            return connection.execute(text(statement), {"id": id_} if id_ else {}).first()

    with service_of(database, home) as (address, process), database.begin() as holder:
        holder.execute(text("LOCK TABLE gis.faults IN SHARE ROW EXCLUSIVE MODE"))
        phone = threading.Thread(target=send, args=(address,))
        phone.start()
        _until(lambda: found(_WAITS) == (1,))
        assert found(_STATE, sent["id"]) == ("waiting",)
        process.kill()
        process.wait(20)
        phone.join(20)
    assert len(unanswered) == 1
    _until(lambda: found(_WAITS) == (0,))
    assert found(_DONE, sent["item"]) == (0, 0)

    with service_of(database, home) as (address, _):
        _until(lambda: found(_STATE, sent["id"]) == ("applied",))
        assert found(_DONE, sent["item"]) == (1, 1)
        (result,) = _post(address, key, sent)["results"]
        assert result["outcome"] == "applied"
    assert found(_DONE, sent["item"]) == (1, 1)


def _post(address: str, key: str, *operations: object) -> Any:
    request = urllib.request.Request(
        address + OPERATIONS,
        data=orjson.dumps(body(*operations)),
        headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return orjson.loads(answer.read())


def _until(is_so: Any, *, within_s: float = 30) -> None:
    deadline = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.02)
