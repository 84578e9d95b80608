"""The schema: built anew or migrated it is the same, and migrations harm nobody who reads."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError, ProgrammingError
from sqlalchemy.pool import NullPool

from gis_service.installation import OWNER
from gis_service.model.edits import EditRejected
from gis_service.store import schema
from gis_service.store.database import MIGRATIONS, Database, newest_revision
from gis_service.store.edits import refusals
from gis_service.store.privileges import apply_grants
from gis_service.store.roles import Login, role_name
from tests.catalogue import described
from tests.conftest import Databases


@pytest.fixture
def empty(databases: Databases) -> Iterator[Database]:
    """A database with PostGIS, our logins, and nothing of ours."""
    name = f"empty_{next(databases.numbers)}"
    databases.cluster.ensure_database(name, owner=OWNER)
    databases.cluster.ensure_logins(role_name(name, login) for login in Login)
    database = Database.at(databases.cluster.url(name, OWNER))
    yield database
    databases.drop(database)


@pytest.fixture
def migrated(databases: Databases, database: Database) -> Database:
    databases.with_logins(database)
    return database


def lines(database: Database) -> list[str]:
    with database.begin() as connection:
        return described(connection)


def different(one: list[str], other: list[str]) -> str:
    return "\n".join(
        [f"- {line}" for line in one if line not in set(other)]
        + [f"+ {line}" for line in other if line not in set(one)]
    )


def test_a_migrated_database_equals_a_fresh_one(empty: Database, migrated: Database) -> None:
    with empty.begin() as connection:
        plain = connection.execution_options(no_parameters=True)
        for statement in schema.create_statements():
            plain.exec_driver_sql(statement)
        connection.execute(text(
            "CREATE TABLE gis.schema_revision (version_num VARCHAR(32) NOT NULL, "
            "CONSTRAINT schema_revision_pkc PRIMARY KEY (version_num))"
        ))
        apply_grants(connection)
    fresh, other = lines(empty), lines(migrated)
    assert len(fresh) > 1000
    assert different(fresh, other) == ""


def test_plain_sql_stores_no_invalid_polygon(databases: Databases, migrated: Database) -> None:
    """Whoever holds the planners' password writes past all our checks, but not past this."""
    name = str(migrated.url.database)
    planner = Database.at(databases.cluster.url(name, role_name(name, Login.PLANNER)))
    bow = "MULTIPOLYGON(((34.7 -0.7, 34.8 -0.6, 34.8 -0.7, 34.7 -0.6, 34.7 -0.7)))"
    square = "MULTIPOLYGON(((34.7 -0.7, 34.8 -0.7, 34.8 -0.6, 34.7 -0.6, 34.7 -0.7)))"
    write = text(
        "INSERT INTO gis.wards (code, name, geom) VALUES ('1', 'W', ST_GeomFromText(:wkt, 4326))"
    )
    with pytest.raises(EditRejected, match="polygon") as refused, refusals(), \
            planner.begin() as connection:
        connection.execute(write, {"wkt": bow})
    assert [fault.rule for fault in refused.value.faults] == ["invalid-polygon"]
    with planner.begin() as connection:
        assert connection.execute(write, {"wkt": square}).rowcount == 1


def test_migrations_go_down_and_up_again(empty: Database) -> None:
    bare = lines(empty)
    empty.migrate()
    whole = lines(empty)
    empty.downgrade("base")
    left = [line for line in lines(empty) if not line.startswith(("database", "schema public"))]
    assert left == [line for line in bare if not line.startswith(("database", "schema public"))]
    assert empty.revision() is None
    assert empty.migrate()
    assert different(whole, lines(empty)) == ""
    assert not empty.migrate()


BROKEN = '''
"""Half of it works."""

from alembic import op

revision = "next"
down_revision = "NEWEST"


def upgrade() -> None:
    op.execute("ALTER TABLE gis.roads ADD COLUMN lanes integer")
    op.execute("DROP TABLE published.roads")
    op.execute("SELECT 1 / 0")


def downgrade() -> None:
    pass
'''


def with_migration(database: Database, folder: Path, source: str) -> Database:
    """The same database with one more migration, in a folder of its own."""
    scripts = folder / "migrations"
    shutil.copytree(MIGRATIONS, scripts)
    source = source.replace("NEWEST", str(database.revision()))
    (scripts / "versions" / "next.py").write_text(source)
    return Database(database.url, database.engine, scripts)


def test_a_migration_that_fails_leaves_the_old_state(migrated: Database, tmp_path: Path) -> None:
    before = lines(migrated)
    broken = with_migration(migrated, tmp_path, BROKEN)
    with pytest.raises(DBAPIError, match="division by zero"):
        broken.migrate()
    assert different(before, lines(migrated)) == ""
    assert migrated.revision() == newest_revision()


LOCKING = BROKEN.replace(
    '    op.execute("DROP TABLE published.roads")\n    op.execute("SELECT 1 / 0")\n', ""
)


def test_readers_hardly_wait_for_a_migration_that_waits_for_one(
    migrated: Database, tmp_path: Path
) -> None:
    """
    A long reader holds the table for six seconds; the migration needs it alone.

    Others who read meanwhile queue behind the migration's request, which gives
    up within a second and tries again; it succeeds once the long reader ends.
    Were it to wait, they would wait the six seconds, too.
    """
    longest = 0.0
    ended = threading.Event()
    later = with_migration(migrated, tmp_path, LOCKING)
    failures: list[Exception] = []

    def migrate() -> None:
        try:
            later.migrate()
        except Exception as error:
            failures.append(error)
        finally:
            ended.set()

    engine = create_engine(migrated.url, poolclass=NullPool)
    with engine.connect() as long_reader, engine.connect() as reader:
        long_reader.execute(text("SELECT count(*) FROM gis.roads"))
        thread = threading.Thread(target=migrate)
        thread.start()
        began = time.monotonic()
        while not ended.is_set() and time.monotonic() < began + 60:
            if time.monotonic() > began + 6 and long_reader.in_transaction():
                long_reader.rollback()
            asked = time.monotonic()
            reader.execute(text("SELECT count(*) FROM gis.roads"))
            reader.rollback()
            longest = max(longest, time.monotonic() - asked)
            time.sleep(0.05)
        thread.join(60)
    assert not failures
    assert later.revision() == "next"
    assert longest < 4


def test_no_table_of_ours_can_be_emptied_at_once(migrated: Database) -> None:
    for name in ("gis.roads", "history.roads", "history.transactions"):
        with (
            pytest.raises(ProgrammingError, match="history is only added to"),
            migrated.begin() as connection,
        ):
            connection.execute(text(f"TRUNCATE {name} CASCADE"))
