"""A database that neither answers nor goes away."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from gis_service.store.database import Database
from gis_service.store.patience import PING_S
from tests.conftest import Databases
from tests.faults.proxy import Proxy


def test_a_database_that_stands_still_is_given_up(
    databases: Databases, database: Database
) -> None:
    """In the middle of a statement, at its end, and by the question whether it still lives."""
    socket = Path(str(database.url.query["host"])) / ".s.PGSQL.5432"
    proxy = Proxy(socket)
    url = database.url.set(host="127.0.0.1", port=proxy.port, query={})
    behind = Database.at(url, kept=1)

    def held_up(*work: str, patience_s: float = 0.5) -> float:
        """Do some work; the network swallows all from its last statement on."""
        began = time.monotonic()
        with behind.begin(patience_s=patience_s) as connection:
            for each in work:
                connection.execute(text(each))
            proxy.mode = "hole"
            if len(work) > 1:
                connection.execute(text(work[-1]))
        return time.monotonic() - began

    def answers() -> bool:
        proxy.mode = "pass"
        with behind.begin(patience_s=0.5) as connection:
            return connection.scalar(text("SELECT 5")) == 5

    with proxy.listening():
        for work in (("SELECT 1 + 1", "SELECT 2"), ("SELECT 3",)):  # the second: its commit
            began = time.monotonic()
            with pytest.raises(OperationalError):
                held_up(*work)
            assert time.monotonic() - began < 3
            assert answers()
        proxy.mode = "hole"
        began = time.monotonic()
        with pytest.raises(OperationalError):
            held_up(patience_s=60)
        assert time.monotonic() - began < PING_S + 8  # and as long as connecting may take
        assert answers()
    behind.engine.dispose()
