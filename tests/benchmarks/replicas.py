"""
Questions per second with no, one and two replicas; on one machine only the shape means anything.

`python -m tests.benchmarks.replicas [seconds]`: pages of items that no memory answers, asked of
the database's servers themselves as the service's readers do. All servers share the machine's
cores, so what shows is how the questions spread and what following costs, not what more machines
would bring.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

from gis_service.installation import (
    Addresses,
    addresses_of,
    prepared_database,
    running_cluster,
)
from gis_service.model.audience import Audience
from gis_service.model.collections import REGISTRY
from gis_service.model.queries import ItemsQuery
from gis_service.services.sample import load_sample
from gis_service.settings import Settings
from gis_service.store.items import page_statement
from gis_service.store.reading import Reader
from gis_service.store.replicas import ASKING, Asking
from gis_service.store.roles import Login
from tests.failover import replica_of
from tests.test_cluster import open_directory

READERS = 12


async def _questions(addresses: Addresses, seconds: float) -> tuple[float, dict[str, int]]:
    """Questions per second, and how many each server answered."""
    statement = page_statement(
        ItemsQuery(REGISTRY["offices"], limit=100), Audience.PUBLIC, count_cap=10_000
    )
    async with Reader.open(
        addresses.logins, pool_size=READERS, statement_timeout_s=20, replicas=addresses.replicas
    ) as reader:
        count = 0
        if reader.replicas is not None:
            await reader.replicas.stand()
            reader.replicas.heard = True
            while any(each.fault is not None for each in reader.replicas.all):
                await asyncio.sleep(0.05)
        ends = time.monotonic() + seconds

        async def ask(name: str) -> None:
            nonlocal count
            ASKING.set(Asking(name))
            while time.monotonic() < ends:
                await reader.rows(statement, Login.PUBLIC)
                count += 1

        await asyncio.gather(*(ask(f"192.0.2.{number}") for number in range(READERS)))
        return count / seconds, {} if reader.replicas is None else reader.replicas.answered


def _compare(folder: Path, seconds: float) -> None:
    settings = Settings(_env_file=None, home=folder / "first")  # type: ignore[call-arg]
    with running_cluster(settings) as primary:
        assert primary is not None
        database, _ = prepared_database(settings, primary)
        list(load_sample(database, settings))
        replicas = [replica_of(primary, folder / name) for name in ("second", "third")]
        try:
            for _ in range(3):
                for number in range(3):
                    homes = ",".join(str(each.home) for each in replicas[:number])
                    with_them = settings.model_copy(update={
                        "replica_urls": type(settings)(  # type: ignore[call-arg]
                            _env_file=None, replica_urls=homes or None
                        ).replica_urls,
                    })
                    before = os.times()
                    rate, spread = asyncio.run(_questions(addresses_of(with_them), seconds))
                    after = os.times()
                    spent = after.user + after.system - before.user - before.system
                    print(f"{number} replicas: {rate:,.0f} questions a second, "
                          f"{spent / seconds:.2f} cores in the client; {spread}")
        finally:
            for each in replicas:
                each.stop()


if __name__ == "__main__":
    with open_directory() as place:
        _compare(place, float(sys.argv[1]) if len(sys.argv) > 1 else 5.0)
