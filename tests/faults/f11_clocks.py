"""F11: clocks are wrong: those of phones, and the server's own, which jumps back."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from typing import Any

from gis_service.model.audience import Audience
from tests.faults.outcome import Outcome
from tests.faults.site import Site, node
from tests.fieldwork import OPERATIONS, body, operation

ROUNDS = 1
OFF = (timedelta(0), timedelta(days=-1), timedelta(days=1), timedelta(days=-20_000),
       timedelta(days=26_000))
"""How far phones are off: right, a day either way, in 1972, in 2097."""


def run(site: Site, rounds: int, seed: int) -> list[Outcome]:
    """The same work by phones whose clocks are wrong, one of them jumping back in the middle."""
    outcome = Outcome("F11", "phones' clocks are wrong")
    for _ in range(rounds):
        states = {str(off): _worked(site, off, jump=False) for off in OFF}
        states["jumps back"] = _worked(site, timedelta(0), jump=True)
        outcome.forbid(
            len({repr(state) for state in states.values()}) != 1, f"final states differ: {states}"
        )
        outcome.rounds += 1
    server = Outcome("F11", "the server's clock jumps back")
    server.not_run = "faketime is not installed" if shutil.which("faketime") is None else (
        "PostgreSQL drops the environment of its start here, so that faketime does not reach it"
    )
    return [outcome, server]


def _worked(site: Site, off: timedelta, *, jump: bool) -> Any:
    """Three changes of one node, sent by a phone that is so far off; what stands afterwards."""
    made = site.post("/batch", [
        {"method": "POST", "collection": "network_nodes", "body": node("clock", 1)}
    ])["results"][0]
    target = {"collection": "network_nodes", "id": made["id"]}
    now = datetime.now(UTC) + off
    since = site.rows("SELECT now()")[0][0]
    results = []
    for number, name in enumerate(("a", "b", "c")):
        at = now + timedelta(minutes=number)
        if jump and number == 1:
            at -= timedelta(hours=5)
        base = {"name": "clock" if number == 0 else "abc"[number - 1], "version": number + 1}
        sent = operation(
            "update", target=target, values={"name": name}, base=base, made_at=at.isoformat()
        )
        answer = site.post(
            OPERATIONS, body(sent, sent_at=at.isoformat()), Audience.TECHNICIAN
        )["results"][0]
        results.append((answer["outcome"], answer.get("why")))
    [(name, version)] = site.rows(
        "SELECT name, version FROM gis.network_nodes WHERE id = :id", id=made["id"]
    )
    seen = site.rows(
        "SELECT count(*) FROM history.network_nodes WHERE id = :id AND began_at > :since",
        id=made["id"], since=since,
    )[0][0]
    return name, version, seen, tuple(results)

