"""Comparing what was promised with what is there, after the dust has settled."""

from __future__ import annotations

from collections import Counter

import httpx

from tests.changes import CONTENT
from tests.faults.outcome import Outcome
from tests.faults.site import Site
from tests.faults.traffic import PATIENCE_S, Ledger, post_node

READY_WITHIN_S = 10.0
_STANDS = "SELECT name, count(*) FROM gis.network_nodes WHERE name LIKE '%-%-%-%' GROUP BY 1"
_HISTORY = "SELECT name, count(*) FROM history.network_nodes WHERE name LIKE '%-%-%-%' GROUP BY 1"


def settle(site: Site, ledger: Ledger, outcome: Outcome) -> None:
    """
    Compare a ledger with the database, once all is quiet.

    Every acknowledged write stands once, in the collection and in history; what
    was unknown stands at most once and, sent again, exactly once; what the public
    may see is what the rule says.
    """
    stands = _counted(site, _STANDS)
    unknown = set(ledger.unknown)
    committed = {key for key in unknown if stands[key]}
    outcome.acknowledged += len(ledger.acknowledged)
    outcome.unknown += len(unknown)
    outcome.unknown_committed += len(committed)
    lost = [key for key in ledger.acknowledged if not stands[key]]
    if ledger.repeatable:
        with httpx.Client(base_url=site.address, timeout=PATIENCE_S) as client:
            for key in unknown:
                status = post_node(client, site, key)
                outcome.forbid(status != 201, f"sent again: {status}")
        stands = _counted(site, _STANDS)
        astray = [key for key in unknown if stands[key] != 1]
        outcome.forbid(bool(astray), f"{len(astray)} unknown outcomes did not resolve to one")
    history = _counted(site, _HISTORY)
    double = sum(count - 1 for count in stands.values() if count > 1)
    outcome.lost += len(lost)
    outcome.duplicated += double
    outcome.forbid(bool(lost), f"{len(lost)} acknowledged writes are lost")
    outcome.forbid(double > 0, f"{double} writes stand twice")
    outcome.forbid(history != stands, "history differs from what stands")
    outcome.forbid(not _public_is_right(site), "the public table is not what the rule says")
    outcome.forbid(
        bool(ledger.unwelcome), f"answers: {dict(Counter(ledger.unwelcome).most_common(4))}"
    )


def _counted(site: Site, statement: str) -> Counter[str]:
    return Counter({str(name): int(count) for name, count in site.rows(statement)})


def _public_is_right(site: Site) -> bool:
    found: dict[str, dict[str, str]] = {"public": {}, "wanted": {}, "private": {}}
    with site.owner().begin() as connection:
        plain = connection.execution_options(no_parameters=True)
        for kind, collection, rows in plain.exec_driver_sql(CONTENT):
            found[kind][collection] = rows
    return bool(found["public"]["network_nodes"]) and found["public"] == found["wanted"]
