"""Logins: each may do what `grants` lists, and no trick gets it more."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import URL, text
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError

from gis_service.errors import ConfigurationError
from gis_service.installation import OWNER
from gis_service.store.database import Database
from gis_service.store.grants import Grant, grants
from gis_service.store.history import HISTORY
from gis_service.store.internal import INTERNAL
from gis_service.store.privileges import STATISTICS, apply_grants, excess, granted, preflight
from gis_service.store.publication_tables import PUBLICATIONS
from gis_service.store.published import PUBLISHED, published_collections
from gis_service.store.roles import Login, ensure_roles, role_name
from gis_service.store.scope_tables import FUNCTIONS
from gis_service.store.tables import SCHEMA
from gis_service.store.versions import COUNTED
from tests.changes import NETWORKS, POINTS, network_id, prepare
from tests.conftest import Databases

OURS = (SCHEMA, PUBLISHED, HISTORY, INTERNAL)
HIDDEN = (34.5, -0.9)
"""Where the only hidden node stands."""


@pytest.fixture(scope="module")
def world(databases: Databases) -> Iterator[Database]:
    """A migrated database with logins; one node is public and one, elsewhere, is not."""
    made = databases.fresh("gis_migrated")
    databases.with_logins(made)
    with made.begin() as connection:
        prepare(connection)
        for name, visibility, point in (
            ("Shown", "public", POINTS[0]), ("Secret", "staff", "POINT({} {})".format(*HIDDEN)),
        ):
            connection.execute(
                text(
                    "INSERT INTO gis.network_nodes (network_id, external_id, name, status, "
                    "visibility, geom) VALUES (:network, :name, :name, 'operational', "
                    ":visibility, ST_GeomFromText(:point, 4326))"
                ),
                {"network": network_id(min(NETWORKS)), "name": name, "visibility": visibility,
                 "point": point},
            )
    with made.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
    yield made
    databases.drop(made)


@pytest.fixture(scope="module")
def logins(databases: Databases, world: Database) -> dict[Login, Database]:
    name = str(world.url.database)
    return {
        login: Database.at(databases.cluster.url(name, role_name(name, login))) for login in Login
    }


def table_of(found: set[Grant]) -> str:
    """Role x table x privilege as Markdown, the logins side by side."""
    cells: dict[tuple[str, str], dict[Login, list[str]]] = {}
    for grant in sorted(found):
        letters = grant.privilege.lower()
        if grant.columns:
            letters += f" ({', '.join(grant.columns)})"
        cells.setdefault((grant.schema, grant.table), {}).setdefault(grant.login, []).append(
            letters
        )
    lines = [f"| table | {' | '.join(Login)} |", "|---|" + "---|" * len(Login)]
    for (schema, table), by_login in sorted(cells.items()):
        row = " | ".join(", ".join(by_login.get(login, [])) for login in Login)
        lines.append(f"| {schema}.{table} | {row} |")
    return "\n".join(lines)


def test_the_catalogue_grants_what_is_listed_and_nothing_else(world: Database) -> None:
    with world.begin() as connection:
        found = granted(connection)
        print("\n" + table_of(found))
        assert found == set(grants())
        assert excess(connection) == []


PRIVILEGES = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")


def test_what_each_login_really_may_is_what_is_listed(world: Database) -> None:
    """Asked of PostgreSQL itself, for every table: memberships and PUBLIC count too."""
    name = str(world.url.database)
    whole = {(g.login, g.schema, g.table, g.privilege) for g in grants() if not g.columns}
    partly = {
        (g.login, g.schema, g.table, g.privilege, column) for g in grants() for column in g.columns
    }
    with world.begin() as connection:
        may = connection.execute(
            text(
                "SELECT r, n.nspname, c.relname, p FROM pg_class c "
                "JOIN pg_namespace n ON n.oid = c.relnamespace, unnest(CAST(:roles AS text[])) r, "
                "unnest(CAST(:privileges AS text[])) p WHERE c.relkind IN ('r', 'v', 'm', 'p') "
                "AND n.nspname = ANY(:ours) AND has_table_privilege(r, c.oid, p)"
            ),
            {"roles": [role_name(name, login) for login in Login],
             "privileges": list(PRIVILEGES), "ours": list(OURS)},
        ).all()
        columns = connection.execute(
            text(
                "SELECT r, n.nspname, c.relname, p, a.attname FROM pg_class c "
                "JOIN pg_namespace n ON n.oid = c.relnamespace "
                "JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0, "
                "unnest(CAST(:roles AS text[])) r, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', "
                "'REFERENCES']) p WHERE c.relkind = 'r' AND n.nspname = ANY(:ours) "
                "AND has_column_privilege(r, c.oid, a.attnum, p) "
                "AND NOT has_table_privilege(r, c.oid, p)"
            ),
            {"roles": [role_name(name, login) for login in Login], "ours": list(OURS)},
        ).all()
    by_role = {role_name(name, login): login for login in Login}
    assert {(by_role[r], *rest) for r, *rest in may} == whole
    assert {(by_role[r], *rest) for r, *rest in columns} == partly


def test_the_public_login_has_the_projection_and_nothing_else() -> None:
    mine = {(g.schema, g.table, g.privilege) for g in grants() if g.login is Login.PUBLIC}
    names = [*(c.id for c in published_collections()), *COUNTED, PUBLICATIONS.name]
    assert mine == {(PUBLISHED, name, "SELECT") for name in names}


def test_no_login_calls_a_function_of_ours_but_fold(world: Database) -> None:
    """Whoever is held to a scope also asks what is its own."""
    for scoped, expected in (
        (False, {"published.fold(text)"}),
        (True, {"published.fold(text)"} | {
            f"internal.{each}".replace(", ", ",") for each in FUNCTIONS
        }),
    ):
        roles = [
            role_name(str(world.url.database), login) for login in Login
            if login.is_scoped is scoped
        ]
        with world.begin() as connection:
            callable_ones = connection.execute(
                text(
                    "SELECT DISTINCT p.oid::regprocedure::text FROM pg_proc p "
                    "JOIN pg_namespace n ON n.oid = p.pronamespace, "
                    "unnest(CAST(:roles AS text[])) r "
                    "WHERE n.nspname = ANY(:ours) AND has_function_privilege(r, p.oid, 'EXECUTE')"
                ),
                {"roles": roles, "ours": list(OURS)},
            ).scalars()
            assert set(callable_ones) == expected


def test_functions_look_for_names_in_fixed_places_and_in_temporary_ones_last(
    world: Database
) -> None:
    with world.begin() as connection:
        found = connection.execute(
            text(
                "SELECT p.oid::regprocedure::text, coalesce((SELECT c FROM unnest(p.proconfig) c "
                "WHERE c LIKE 'search_path=%'), '') FROM pg_proc p "
                "JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = ANY(:ours)"
            ),
            {"ours": list(OURS)},
        ).all()
    assert len(found) > 20
    assert {path for _, path in found} == {"search_path=pg_catalog, public, pg_temp"}


PUBLIC_REFUSED = (
    "SELECT * FROM gis.network_nodes",
    "SELECT * FROM gis.no_such_table",
    "SELECT 'gis.network_nodes'::regclass",
    "SELECT * FROM history.network_nodes",
    "SELECT * FROM internal.people",
    "SELECT * FROM internal.api_keys",
    "SELECT gis.ward_of(NULL)",
    "SELECT internal.touch('offices', 'public')",
    "SELECT history.actor()",
    "INSERT INTO published.roads (id) VALUES (gen_random_uuid())",
    "UPDATE published.collection_versions SET version = 0",
    "DELETE FROM published.roads",
    "TRUNCATE published.roads",
    "DROP TABLE published.roads",
    "ALTER TABLE published.roads ADD COLUMN x integer",
    "CREATE INDEX ON published.roads (name)",
    "CREATE SCHEMA mine",
    "CREATE TABLE mine (x integer)",
    "CREATE TABLE public.mine (x integer)",
    "CREATE TABLE published.mine (x integer)",
    "CREATE TEMPORARY TABLE mine (x integer)",
    "CREATE FUNCTION public.st_transform(geometry, bigint) RETURNS geometry LANGUAGE sql "
    "AS 'SELECT $1'",
    "CREATE TRIGGER mine AFTER INSERT ON published.roads "
    "EXECUTE FUNCTION published.publish_roads()",
    "CREATE ROLE mine",
    "CREATE DATABASE mine",
    "CREATE EXTENSION dblink",
    "SET ROLE {owner}",
    "SET ROLE {admin}",
    "SET SESSION AUTHORIZATION {owner}",
    "GRANT {admin} TO {public}",
    "ALTER ROLE {public} SUPERUSER",
    "ALTER ROLE {admin} PASSWORD 'x'",
    "SET session_replication_role = replica",
    "SELECT pg_read_file('postgresql.conf')",
    "COPY published.roads TO '/tmp/x'",
    "COPY published.roads TO PROGRAM 'true'",
    "SELECT lo_import('/etc/passwd')",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{owner}'",
    "SELECT ST_EstimatedExtent('gis', 'network_nodes', 'geom')",
    "SELECT ST_EstimatedExtent('published', 'network_nodes', 'geom')",
    "SELECT _postgis_stats(c.oid, 'geom') FROM pg_class c WHERE relname = 'network_nodes'",
    "SELECT _postgis_selectivity(c.oid, 'geom', ST_MakeEnvelope(34, -1, 35, 0, 4326)) "
    "FROM pg_class c WHERE relname = 'network_nodes'",
    "SELECT _postgis_index_extent(c.oid, 'geom') FROM pg_class c WHERE relname = 'network_nodes'",
)


@pytest.mark.parametrize("statement", PUBLIC_REFUSED)
def test_the_public_login_is_refused(
    world: Database, logins: dict[Login, Database], statement: str
) -> None:
    """By PostgreSQL, and in words that tell nothing of what is there."""
    name = str(world.url.database)
    with world.begin() as connection:
        connection.execute(text("SELECT 1"))
        filled = statement.format(
            owner=OWNER, admin=role_name(name, Login.ADMIN), public=role_name(name, Login.PUBLIC)
        )
        reader = logins[Login.PUBLIC].engine.connect()
        with pytest.raises(DBAPIError) as caught, reader:
            reader.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql(filled)
    told = str(caught.value.orig)
    assert "permission denied" in told or "must be " in told or "must have " in told
    for secret in ("Secret", str(HIDDEN[0]), str(HIDDEN[1])):
        assert secret not in told


def test_a_table_that_is_not_there_and_one_that_is_are_refused_alike(
    logins: dict[Login, Database]
) -> None:
    told = []
    for name in ("network_nodes", "no_such_table"):
        with pytest.raises(ProgrammingError) as caught, logins[Login.PUBLIC].begin() as reader:
            reader.exec_driver_sql(f"SELECT * FROM gis.{name}")
        told.append(str(caught.value.orig).split("LINE")[0])
    assert told[0] == told[1]


def test_the_statistics_of_private_tables_are_hidden(logins: dict[Login, Database]) -> None:
    with logins[Login.PUBLIC].begin() as reader:
        schemas = set(reader.scalars(text("SELECT schemaname FROM pg_stats")))
        assert not schemas & {SCHEMA, HISTORY, INTERNAL}
        assert PUBLISHED in schemas
        held = str(reader.execute(text(
            "SELECT schemaname, most_common_vals, histogram_bounds FROM pg_stats "
            "WHERE schemaname IN ('gis', 'published', 'history', 'internal')")).all())
        assert "Secret" not in held


@pytest.mark.parametrize("query", [
    "SELECT string_agg(prosrc, ' ') FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace "
    "WHERE nspname IN ('gis', 'published', 'history', 'internal')",
    "SELECT string_agg(t::text, ' ') FROM published.network_nodes t",
    "SELECT string_agg(pg_get_expr(adbin, adrelid), ' ') FROM pg_attrdef",
    "SELECT string_agg(query, ' ') FROM pg_stat_activity WHERE usename <> current_user",
])
def test_what_the_public_login_can_read_holds_no_hidden_value(
    logins: dict[Login, Database], query: str
) -> None:
    with logins[Login.PUBLIC].begin() as reader:
        held = str(reader.scalar(text(query)))
    assert "Secret" not in held
    assert str(HIDDEN[0]) not in held


def test_the_functions_that_tell_of_any_column_are_closed(world: Database) -> None:
    with world.begin() as connection:
        open_ones = connection.execute(
            text("SELECT oid::regprocedure::text FROM pg_proc WHERE proname = ANY(:names) "
                 "AND has_function_privilege(:role, oid, 'EXECUTE')"),
            {"names": list(STATISTICS),
             "role": role_name(str(world.url.database), Login.PUBLIC)},
        ).scalars()
        assert list(open_ones) == []


@pytest.mark.parametrize("login", list(Login))
def test_no_login_enters_another_database(
    databases: Databases, database: Database, world: Database, login: Login
) -> None:
    databases.with_logins(database)
    role = role_name(str(world.url.database), login)
    for other in (str(database.url.database), "postgres", "template1"):
        with pytest.raises(OperationalError, match="permission denied for database"):
            Database.at(databases.cluster.url(other, role)).engine.connect()


@pytest.mark.parametrize("login", [login for login in Login if login is not Login.PUBLIC])
def test_no_other_login_does_more_than_its_work(
    logins: dict[Login, Database], login: Login
) -> None:
    refused = [
        "CREATE TABLE public.mine (x integer)", "CREATE SCHEMA mine", "TRUNCATE gis.roads",
        "ALTER TABLE gis.roads DISABLE TRIGGER ALL", "DROP TABLE gis.roads",
        "UPDATE gis.work_log SET notes = 'x'", "DELETE FROM gis.measurements",
        "UPDATE gis.collection_versions SET version = 0",
        "INSERT INTO internal.touched VALUES (1, 'roads', 'public')",
        "INSERT INTO published.roads (id) VALUES (gen_random_uuid())",
        "SELECT internal.touch('roads', 'public', NULL, NULL)",
        "SELECT secret_sha256, contact FROM internal.people, internal.api_keys",
    ]
    if login not in (Login.LOADER, Login.SCOPED_LOADER):
        refused.append("CREATE TEMPORARY TABLE mine (x integer)")
    for statement in refused:
        with pytest.raises(ProgrammingError), logins[login].begin() as connection:
            connection.exec_driver_sql(statement)


def test_temporary_objects_shadow_nothing_that_triggers_use(
    world: Database, logins: dict[Login, Database]
) -> None:
    """
    The loader may make temporary objects; triggers run with the owner's rights.

    Types and tables of its own, first in its search path, are named like those
    that the triggers use; were one of them taken, its check would be run.
    """
    with logins[Login.LOADER].begin() as connection:
        run = connection.execution_options(no_parameters=True).exec_driver_sql
        run("CREATE FUNCTION pg_temp.caught(text) RETURNS boolean LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'caught as %', current_user; END $$")
        for name in ("bigint", "int8", "uuid", "text", "timestamptz", "int4", "regdictionary"):
            run(f'CREATE DOMAIN pg_temp."{name}" AS pg_catalog.text '
                "CHECK (pg_temp.caught(VALUE))")
        for name in ("new_rows", "old_rows", "judged", "wanted", "wards", "networks", "touched"):
            run(f"CREATE TEMPORARY TABLE {name} (id pg_catalog.uuid)")
        run("CREATE FUNCTION pg_temp.st_isempty(public.geometry) RETURNS boolean LANGUAGE sql "
            "AS 'SELECT pg_temp.caught(NULL)'")
        run("SET LOCAL search_path = pg_temp, gis, published, internal, public")
        run("INSERT INTO gis.offices (network_id, name, office_type, connection, geom) VALUES "
            f"('{network_id(1)}', 'Shadow', 'ward', 'connected', "
            f"public.ST_GeomFromText('{POINTS[0]}', 4326))")
        run("UPDATE gis.offices SET name = 'Shadows' WHERE name = 'Shadow'")
        run("SET CONSTRAINTS ALL IMMEDIATE")
        run("DELETE FROM gis.offices WHERE name = 'Shadows'")
    with world.begin() as owner:
        operations = owner.execute(text(
            "SELECT operation FROM history.offices WHERE name LIKE 'Shadow%' ORDER BY seq"))
        assert list(operations.scalars()) == ["insert", "update", "delete"]


class TestStrays:
    """What an administrator did by hand is found, and taken away where we may."""

    @pytest.mark.parametrize("given", [
        "GRANT SELECT ON gis.offices TO {public}",
        "GRANT SELECT (name) ON gis.offices TO {public}",
        "GRANT SELECT ON gis.offices TO PUBLIC",
        "GRANT SELECT (name) ON gis.offices TO PUBLIC",
        "GRANT USAGE ON SCHEMA gis TO PUBLIC",
        "GRANT EXECUTE ON FUNCTION internal.wait_for_checks() TO PUBLIC",
        "GRANT CREATE ON SCHEMA public TO PUBLIC",
        "GRANT CREATE ON DATABASE {database} TO {public}",
        "REVOKE SELECT ON published.roads FROM {public}",
    ])
    def test_ours_are_made_right_by_the_next_migration(
        self, databases: Databases, database: Database, given: str
    ) -> None:
        databases.with_logins(database)
        assert not database.migrate()
        name = str(database.url.database)
        with database.begin() as connection:
            connection.exec_driver_sql(
                given.format(public=role_name(name, Login.PUBLIC), database=name))
        assert database.migrate()
        with database.begin() as connection:
            assert granted(connection) == set(grants())
            assert excess(connection) == []

    @pytest.mark.parametrize(("given", "named"), [
        ("ALTER ROLE {public} SUPERUSER", "has powers of its own"),
        ("ALTER ROLE {public} BYPASSRLS", "has powers of its own"),
        ("GRANT {admin} TO {public}", "may become"),
        ("GRANT pg_read_all_data TO {public}", "may become pg_read_all_data"),
        ("ALTER TABLE published.roads OWNER TO {public}", "owns published.roads"),
    ])
    def test_others_are_named_with_what_to_run(
        self, databases: Databases, database: Database, given: str, named: str
    ) -> None:
        databases.with_logins(database)
        name = str(database.url.database)
        filled = given.format(
            public=role_name(name, Login.PUBLIC), admin=role_name(name, Login.ADMIN))
        with superuser(databases, name).begin() as connection:
            connection.exec_driver_sql(filled)
        try:
            with pytest.raises(ConfigurationError, match=named), database.begin() as connection:
                apply_grants(connection)
        finally:
            with superuser(databases, name).begin() as connection:
                connection.exec_driver_sql(f"ALTER TABLE published.roads OWNER TO {OWNER}")


def superuser(databases: Databases, database: str) -> Database:
    return Database.at(databases.cluster.url(database, "postgres"))


class TestForeignServer:
    """A PostgreSQL of others, whose owner has few rights: real roles without them."""

    @pytest.fixture
    def poor(self, databases: Databases) -> Iterator[tuple[Database, Database]]:
        """A database that its would-be owner may enter, no more; and its superuser."""
        number = next(databases.numbers)
        name, owner = f"poor_{number}", f"poor_owner_{number}"
        databases.cluster.ensure_login(owner)
        databases.cluster.ensure_login("poor_other")
        databases.cluster.ensure_database(name, owner="poor_other")
        made = Database.at(databases.cluster.url(name, owner))
        yield made, superuser(databases, name)
        _drop(databases, name)

    def test_preflight_names_what_is_missing(self, poor: tuple[Database, Database]) -> None:
        database, admin = poor
        with database.begin() as connection:
            assert preflight(connection) == [f"CREATE on database {database.url.database}"]
        with pytest.raises(ConfigurationError, match="CREATE on database"):
            database.migrate()
        with admin.begin() as connection:
            connection.exec_driver_sql(
                f"GRANT CREATE ON DATABASE {database.url.database} TO {database.url.username}")
            connection.exec_driver_sql("CREATE SCHEMA gis AUTHORIZATION poor_other")
        with database.begin() as connection:
            assert preflight(connection) == ["ownership of schema gis"]

    def test_who_may_only_create_can_migrate_and_serve(
        self, poor: tuple[Database, Database]
    ) -> None:
        database, admin = poor
        with admin.begin() as connection:
            connection.exec_driver_sql(
                f"GRANT CREATE ON DATABASE {database.url.database} TO {database.url.username}")
            connection.exec_driver_sql(f"ALTER ROLE {database.url.username} CREATEROLE")
        for _ in range(2):
            with database.begin() as connection:
                ensure_roles(connection, lambda name: f"password of {name}")
        assert database.migrate()
        with database.begin() as connection:
            assert granted(connection) == set(grants())
        reader = Database.at(with_password(database.url, Login.PUBLIC))
        with reader.begin() as connection:
            assert connection.scalar(text("SELECT count(*) FROM published.offices")) == 0

    def test_without_createrole_it_says_what_to_run(
        self, poor: tuple[Database, Database]
    ) -> None:
        database, admin = poor
        with (
            pytest.raises(ConfigurationError) as caught,
            database.begin() as connection,
        ):
            ensure_roles(connection, lambda _: "secret")
        told = str(caught.value)
        assert f'ALTER ROLE "{database.url.username}" CREATEROLE' in told
        assert "secret." not in told
        commands = [line.strip() for line in told.splitlines() if "CREATE ROLE" in line]
        assert len(commands) == len(Login)
        with admin.begin() as connection:
            for command in commands:
                connection.exec_driver_sql(command)
        with database.begin() as connection:
            ensure_roles(connection, lambda _: "secret")

    def test_no_password_reaches_the_servers_log(
        self, poor: tuple[Database, Database], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        database, admin = poor
        with admin.begin() as connection:
            connection.exec_driver_sql(f"ALTER ROLE {database.url.username} CREATEROLE")
        with database.begin() as connection:
            ensure_roles(connection, lambda _: "correct horse")
            last = connection.scalar(text("SELECT rolname FROM pg_roles WHERE rolname = :name"),
                                     {"name": role_name(str(database.url.database), Login.GATE)})
            assert last is not None
        with admin.begin() as connection:
            stored = connection.scalar(text("SELECT rolpassword FROM pg_authid WHERE rolname = "
                                            ":name"), {"name": last})
        assert stored.startswith("SCRAM-SHA-256$")


def with_password(owner: URL, login: Login) -> URL:
    name = role_name(str(owner.database), login)
    return owner.set(username=name, password=f"password of {name}")


def _drop(databases: Databases, name: str) -> None:
    admin = superuser(databases, "postgres")
    with admin.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
