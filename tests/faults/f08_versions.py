"""Part of F8: four who count up the same number, each by reading it first."""

from __future__ import annotations

import threading

import httpx
import orjson

from gis_service.model.audience import Audience
from tests.faults.outcome import Outcome
from tests.faults.site import Site, node

COUNTERS = 4
EACH = 6


def run(site: Site, rounds: int, seed: int) -> list[Outcome]:
    """With the version that was read, and again whenever another was quicker."""
    outcome = Outcome("F8", "counting by versions")
    return [_counted(site, outcome, versions=True)]


def blind(site: Site, rounds: int, seed: int) -> list[Outcome]:
    """The negative control: who does not name a version overwrites others' counts."""
    outcome = Outcome("F8-", "counting without versions", must_see="overwritten")
    return [_counted(site, outcome, versions=False)]


def _counted(site: Site, outcome: Outcome, *, versions: bool) -> Outcome:
    made = site.post("/batch", [
        {"method": "POST", "collection": "network_nodes", "body": node("counter", 1)}
    ])["results"][0]
    path = f"/collections/network_nodes/items/{made['id']}"
    acknowledged: list[int] = []

    def count() -> None:
        with httpx.Client(base_url=site.address, timeout=20, headers={
            "Authorization": f"Bearer {site.keys[Audience.PLANNER]}",
        }) as client:
            done = 0
            while done < EACH:
                shown = client.get(path)
                value = (shown.json()["properties"]["slack_m"] or 0) + 1
                headers = {"Content-Type": "application/merge-patch+json"}
                if versions:
                    headers["If-Match"] = shown.headers["etag"]
                content = orjson.dumps({"properties": {"slack_m": value}})
                if client.patch(path, content=content, headers=headers).status_code == 204:
                    acknowledged.append(value)
                    done += 1

    threads = [threading.Thread(target=count, daemon=True) for _ in range(COUNTERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    [(stands,)] = site.rows(
        "SELECT slack_m FROM gis.network_nodes WHERE id = :id", id=made["id"]
    )
    outcome.rounds = 1
    outcome.acknowledged = len(acknowledged)
    outcome.lost = len(acknowledged) - int(stands)
    outcome.forbid(outcome.lost > 0, f"{outcome.lost} changes were overwritten")
    outcome.forbid(len(acknowledged) != COUNTERS * EACH, "somebody did not come to the end")
    return outcome
