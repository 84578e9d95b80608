ALTER TABLE internal.touched ADD COLUMN items UUID[], ADD COLUMN boxes FLOAT[];

CREATE TABLE gis.collection_changes (
	collection TEXT NOT NULL, 
	version BIGINT NOT NULL, 
	items UUID[], 
	boxes DOUBLE PRECISION[], 
	CONSTRAINT collection_changes_pkey PRIMARY KEY (collection, version)
);

CREATE TABLE published.collection_changes (
	collection TEXT NOT NULL, 
	version BIGINT NOT NULL, 
	items UUID[], 
	boxes DOUBLE PRECISION[], 
	CONSTRAINT collection_changes_pkey PRIMARY KEY (collection, version)
);

DROP FUNCTION internal.touch(text, text);

CREATE FUNCTION internal.touch(
    collection text, audience text, items uuid[], boxes double precision[]
) RETURNS void
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
    INSERT INTO internal.touched AS was (transaction_id, collection, audience, items, boxes)
    VALUES (pg_current_xact_id()::text::bigint, collection, audience, items, boxes)
    ON CONFLICT ON CONSTRAINT touched_pkey DO UPDATE SET
        items = CASE WHEN cardinality(was.items) + cardinality(excluded.items) <= 500
            THEN was.items || excluded.items END,
        boxes = CASE WHEN cardinality(was.items) + cardinality(excluded.items) <= 500
            THEN was.boxes || excluded.boxes END
$$;

CREATE OR REPLACE FUNCTION history.record_networks() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET enable_nestloop = off
AS $$
DECLARE
    here bigint := pg_current_xact_id()::text::bigint;
    who uuid := history.actor();
    what text := nullif(current_setting('gis.request_id', true), '');
    items uuid[];
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO history.networks (operation, transaction_id, person_id, request_id, id, external_id, name, extent, metric_srid, synthetic, visibility, version, updated_at, extra)
        SELECT 'delete', here, who, what, id, external_id, name, extent, metric_srid, synthetic, visibility, version, updated_at, extra FROM old_rows;
        items := ARRAY(SELECT id FROM old_rows);
        IF cardinality(items) > 0 THEN
            PERFORM internal.touch('networks', 'staff', CASE WHEN cardinality(items) <= 500 THEN items END, CASE WHEN cardinality(items) <= 500 THEN '{}'::double precision[] END);
        END IF;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO history.networks (operation, transaction_id, person_id, request_id, id, external_id, name, extent, metric_srid, synthetic, visibility, version, updated_at, extra)
        SELECT 'insert', here, who, what, id, external_id, name, extent, metric_srid, synthetic, visibility, version, updated_at, extra FROM new_rows;
        items := ARRAY(SELECT id FROM new_rows);
        IF cardinality(items) > 0 THEN
            PERFORM internal.touch('networks', 'staff', CASE WHEN cardinality(items) <= 500 THEN items END, CASE WHEN cardinality(items) <= 500 THEN '{}'::double precision[] END);
        END IF;
    ELSE
        WITH gone AS (
            INSERT INTO history.networks (operation, transaction_id, person_id, request_id, id, external_id, name, extent, metric_srid, synthetic, visibility, version, updated_at, extra)
            SELECT 'delete', here, who, what, o.id, o.external_id, o.name, o.extent, o.metric_srid, o.synthetic, o.visibility, o.version, o.updated_at, o.extra
            FROM old_rows o LEFT JOIN new_rows n ON n.id = o.id WHERE n.id IS NULL
            RETURNING id
        )
        SELECT array_agg(id) INTO items FROM gone;
        WITH changed AS (
            INSERT INTO history.networks (operation, transaction_id, person_id, request_id, id, external_id, name, extent, metric_srid, synthetic, visibility, version, updated_at, extra)
            SELECT CASE WHEN o.id IS NULL THEN 'insert' ELSE 'update' END, here, who, what, n.id, n.external_id, n.name, n.extent, n.metric_srid, n.synthetic, n.visibility, n.version, n.updated_at, n.extra
            FROM new_rows n LEFT JOIN old_rows o ON o.id = n.id WHERE o.id IS NULL OR n *<> o
            RETURNING id
        )
        SELECT items || array_agg(id) INTO items FROM changed;
        IF cardinality(items) > 0 THEN
            PERFORM internal.touch('networks', 'staff', CASE WHEN cardinality(items) <= 500 THEN items END, CASE WHEN cardinality(items) <= 500 THEN '{}'::double precision[] END);
        END IF;
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION history.record_organisations() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET enable_nestloop = off
AS $$
DECLARE
    here bigint := pg_current_xact_id()::text::bigint;
    who uuid := history.actor();
    what text := nullif(current_setting('gis.request_id', true), '');
    items uuid[];
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO history.organisations (operation, transaction_id, person_id, request_id, id, network_id, external_id, name, roles, country, website, visibility, version, updated_at, extra)
        SELECT 'delete', here, who, what, id, network_id, external_id, name, roles, country, website, visibility, version, updated_at, extra FROM old_rows;
        items := ARRAY(SELECT id FROM old_rows);
        IF cardinality(items) > 0 THEN
            PERFORM internal.touch('organisations', 'staff', CASE WHEN cardinality(items) <= 500 THEN items END, CASE WHEN cardinality(items) <= 500 THEN '{}'::double precision[] END);
        END IF;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO history.organisations (operation, transaction_id, person_id, request_id, id, network_id, external_id, name, roles, country, website, visibility, version, updated_at, extra)
        SELECT 'insert', here, who, what, id, network_id, external_id, name, roles, country, website, visibility, version, updated_at, extra FROM new_rows;
        items := ARRAY(SELECT id FROM new_rows);
        IF cardinality(items) > 0 THEN
            PERFORM internal.touch('organisations', 'staff', CASE WHEN cardinality(items) <= 500 THEN items END, CASE WHEN cardinality(items) <= 500 THEN '{}'::double precision[] END);
        END IF;
    ELSE
        WITH gone AS (
            INSERT INTO history.organisations (operation, transaction_id, person_id, request_id, id, network_id, external_id, name, roles, country, website, visibility, version, updated_at, extra)
            SELECT 'delete', here, who, what, o.id, o.network_id, o.external_id, o.name, o.roles, o.country, o.website, o.visibility, o.version, o.updated_at, o.extra
            FROM old_rows o LEFT JOIN new_rows n ON n.id = o.id WHERE n.id IS NULL
            RETURNING id
        )
        SELECT array_agg(id) INTO items FROM gone;
        WITH changed AS (
            INSERT INTO history.organisations (operation, transaction_id, person_id, request_id, id, network_id, external_id, name, roles, country, website, visibility, version, updated_at, extra)
            SELECT CASE WHEN o.id IS NULL THEN 'insert' ELSE 'update' END, here, who, what, n.id, n.network_id, n.external_id, n.name, n.roles, n.country, n.website, n.visibility, n.version, n.updated_at, n.extra
            FROM new_rows n LEFT JOIN old_rows o ON o.id = n.id WHERE o.id IS NULL OR n *<> o
            RETURNING id
        )
        SELECT items || array_agg(id) INTO items FROM changed;
        IF cardinality(items) > 0 THEN
            PERFORM internal.touch('organisations', 'staff', CASE WHEN cardinality(items) <= 500 THEN items END, CASE WHEN cardinality(items) <= 500 THEN '{}'::double precision[] END);
        END IF;
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION history.record_phases() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET enable_nestloop = off
AS $$
DECLARE
    here bigint := pg_current_xact_id()::text::bigint;
    who uuid := history.actor();
    what text := nullif(current_setting('gis.request_id', true), '');
    items uuid[];
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO history.phases (operation, transaction_id, person_id, request_id, id, network_id, external_id, name, description, starts_on, ends_on, funders, visibility, version, updated_at, extra)
        SELECT 'delete', here, who, what, id, network_id, external_id, name, description, starts_on, ends_on, funders, visibility, version, updated_at, extra FROM old_rows;
        items := ARRAY(SELECT id FROM old_rows);
        IF cardinality(items) > 0 THEN
            PERFORM internal.touch('phases', 'staff', CASE WHEN cardinality(items) <= 500 THEN items END, CASE WHEN cardinality(items) <= 500 THEN '{}'::double precision[] END);
        END IF;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO history.phases (operation, transaction_id, person_id, request_id, id, network_id, external_id, name, description, starts_on, ends_on, funders, visibility, version, updated_at, extra)
        SELECT 'insert', here, who, what, id, network_id, external_id, name, description, starts_on, ends_on, funders, visibility, version, updated_at, extra FROM new_rows;
        items := ARRAY(SELECT id FROM new_rows);
        IF cardinality(items) > 0 THEN
            PERFORM internal.touch('phases', 'staff', CASE WHEN cardinality(items) <= 500 THEN items END, CASE WHEN cardinality(items) <= 500 THEN '{}'::double precision[] END);
        END IF;
    ELSE
        WITH gone AS (
            INSERT INTO history.phases (operation, transaction_id, person_id, request_id, id, network_id, external_id, name, description, starts_on, ends_on, funders, visibility, version, updated_at, extra)
            SELECT 'delete', here, who, what, o.id, o.network_id, o.external_id, o.name, o.description, o.starts_on, o.ends_on, o.funders, o.visibility, o.version, o.updated_at, o.extra
            FROM old_rows o LEFT JOIN new_rows n ON n.id = o.id WHERE n.id IS NULL
            RETURNING id
        )
        SELECT array_agg(id) INTO items FROM gone;
        WITH changed AS (
            INSERT INTO history.phases (operation, transaction_id, person_id, request_id, id, network_id, external_id, name, description, starts_on, ends_on, funders, visibility, version, updated_at, extra)
            SELECT CASE WHEN o.id IS NULL THEN 'insert' ELSE 'update' END, here, who, what, n.id, n.network_id, n.external_id, n.name, n.description, n.starts_on, n.ends_on, n.funders, n.visibility, n.version, n.updated_at, n.extra
            FROM new_rows n LEFT JOIN old_rows o ON o.id = n.id WHERE o.id IS NULL OR n *<> o
            RETURNING id
        )
        SELECT items || array_agg(id) INTO items FROM changed;
        IF cardinality(items) > 0 THEN
            PERFORM internal.touch('phases', 'staff', CASE WHEN cardinality(items) <= 500 THEN items END, CASE WHEN cardinality(items) <= 500 THEN '{}'::double precision[] END);
        END IF;
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION history.record_contracts() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET enable_nestloop = off
AS $$
DECLARE
    here bigint := pg_current_xact_id()::text::bigint;
    who uuid := history.actor();
    what text := nullif(current_setting('gis.request_id', true), '');
    items uuid[];
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO history.contracts (operation, transaction_id, person_id, request_id, id, network_id, external_id, name, description, contract_type, amount, currency, signed_on, documents, related_phases, visibility, version, updated_at, extra)
        SELECT 'delete', here, who, what, id, network_id, external_id, name, description, contract_type, amount, currency, signed_on, documents, related_phases, visibility, version, updated_at, extra FROM old_rows;
        items := ARRAY(SELECT id FROM old_rows);
        IF cardinality(items) > 0 THEN
            PERFORM internal.touch('contracts', 'staff', CASE WHEN cardinality(items) <= 500 THEN items END, CASE WHEN cardinality(items) <= 500 THEN '{}'::double precision[] END);
        END IF;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO history.contracts (operation, transaction_id, person_id, request_id, id, network_id, external_id, name, description, contract_type, amount, currency, signed_on, documents, related_phases, visibility, version, updated_at, extra)
        SELECT 'insert', here, who, what, id, network_id, external_id, name, description, contract_type, amount, currency, signed_on, documents, related_phases, visibility, version, updated_at, extra FROM new_rows;
        items := ARRAY(SELECT id FROM new_rows);
        IF cardinality(items) > 0 THEN
            PERFORM internal.touch('contracts', 'staff', CASE WHEN cardinality(items) <= 500 THEN items END, CASE WHEN cardinality(items) <= 500 THEN '{}'::double precision[] END);
        END IF;
    ELSE
        WITH gone AS (
            INSERT INTO history.contracts (operation, transaction_id, person_id, request_id, id, network_id, external_id, name, description, contract_type, amount, currency, signed_on, documents, related_phases, visibility, version, updated_at, extra)
            SELECT 'delete', here, who, what, o.id, o.network_id, o.external_id, o.name, o.description, o.contract_type, o.amount, o.currency, o.signed_on, o.documents, o.related_phases, o.visibility, o.version, o.updated_at, o.extra
            FROM old_rows o LEFT JOIN new_rows n ON n.id = o.id WHERE n.id IS NULL
            RETURNING id
        )
        SELECT array_agg(id) INTO items FROM gone;
        WITH changed AS (
            INSERT INTO history.contracts (operation, transaction_id, person_id, request_id, id, network_id, external_id, name, description, contract_type, amount, currency, signed_on, documents, related_phases, visibility, version, updated_at, extra)
            SELECT CASE WHEN o.id IS NULL THEN 'insert' ELSE 'update' END, here, who, what, n.id, n.network_id, n.external_id, n.name, n.description, n.contract_type, n.amount, n.currency, n.signed_on, n.documents, n.related_phases, n.visibility, n.version, n.updated_at, n.extra
            FROM new_rows n LEFT JOIN old_rows o ON o.id = n.id WHERE o.id IS NULL OR n *<> o
            RETURNING id
        )
        SELECT items || array_agg(id) INTO items FROM changed;
        IF cardinality(items) > 0 THEN
            PERFORM internal.touch('contracts', 'staff', CASE WHEN cardinality(items) <= 500 THEN items END, CASE WHEN cardinality(items) <= 500 THEN '{}'::double precision[] END);
        END IF;
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION history.record_wayleaves() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET enable_nestloop = off
AS $$
DECLARE
    here bigint := pg_current_xact_id()::text::bigint;
    who uuid := history.actor();
    what text := nullif(current_setting('gis.request_id', true), '');
    items uuid[];
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO history.wayleaves (operation, transaction_id, person_id, request_id, id, network_id, external_id, grantor, year_signed, indefinite, term_years, cost_recurring, cost_per_metre, currency, visibility, version, updated_at, extra)
        SELECT 'delete', here, who, what, id, network_id, external_id, grantor, year_signed, indefinite, term_years, cost_recurring, cost_per_metre, currency, visibility, version, updated_at, extra FROM old_rows;
        items := ARRAY(SELECT id FROM old_rows);
        IF cardinality(items) > 0 THEN
            PERFORM internal.touch('wayleaves', 'staff', CASE WHEN cardinality(items) <= 500 THEN items END, CASE WHEN cardinality(items) <= 500 THEN '{}'::double precision[] END);
        END IF;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO history.wayleaves (operation, transaction_id, person_id, request_id, id, network_id, external_id, grantor, year_signed, indefinite, term_years, cost_recurring, cost_per_metre, currency, visibility, version, updated_at, extra)
        SELECT 'insert', here, who, what, id, network_id, external_id, grantor, year_signed, indefinite, term_years, cost_recurring, cost_per_metre, currency, visibility, version, updated_at, extra FROM new_rows;
        items := ARRAY(SELECT id FROM new_rows);
        IF cardinality(items) > 0 THEN
            PERFORM internal.touch('wayleaves', 'staff', CASE WHEN cardinality(items) <= 500 THEN items END, CASE WHEN cardinality(items) <= 500 THEN '{}'::double precision[] END);
        END IF;
    ELSE
        WITH gone AS (
            INSERT INTO history.wayleaves (operation, transaction_id, person_id, request_id, id, network_id, external_id, grantor, year_signed, indefinite, term_years, cost_recurring, cost_per_metre, currency, visibility, version, updated_at, extra)
            SELECT 'delete', here, who, what, o.id, o.network_id, o.external_id, o.grantor, o.year_signed, o.indefinite, o.term_years, o.cost_recurring, o.cost_per_metre, o.currency, o.visibility, o.version, o.updated_at, o.extra
            FROM old_rows o LEFT JOIN new_rows n ON n.id = o.id WHERE n.id IS NULL
            RETURNING id
        )
        SELECT array_agg(id) INTO items FROM gone;
        WITH changed AS (
            INSERT INTO history.wayleaves (operation, transaction_id, person_id, request_id, id, network_id, external_id, grantor, year_signed, indefinite, term_years, cost_recurring, cost_per_metre, currency, visibility, version, updated_at, extra)
            SELECT CASE WHEN o.id IS NULL THEN 'insert' ELSE 'update' END, here, who, what, n.id, n.network_id, n.external_id, n.grantor, n.year_signed, n.indefinite, n.term_years, n.cost_recurring, n.cost_per_metre, n.currency, n.visibility, n.version, n.updated_at, n.extra
            FROM new_rows n LEFT JOIN old_rows o ON o.id = n.id WHERE o.id IS NULL OR n *<> o
            RETURNING id
        )
        SELECT items || array_agg(id) INTO items FROM changed;
        IF cardinality(items) > 0 THEN
            PERFORM internal.touch('wayleaves', 'staff', CASE WHEN cardinality(items) <= 500 THEN items END, CASE WHEN cardinality(items) <= 500 THEN '{}'::double precision[] END);
        END IF;
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION history.record_wards() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET enable_nestloop = off
AS $$
DECLARE
    here bigint := pg_current_xact_id()::text::bigint;
    who uuid := history.actor();
    what text := nullif(current_setting('gis.request_id', true), '');
    items uuid[];
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO history.wards (operation, transaction_id, person_id, request_id, id, code, name, constituency, population, population_year, source, outline_approximate, visibility, version, updated_at, extra, geom)
        SELECT 'delete', here, who, what, id, code, name, constituency, population, population_year, source, outline_approximate, visibility, version, updated_at, extra, geom FROM old_rows;
        items := ARRAY(SELECT id FROM old_rows);
        IF cardinality(items) > 0 THEN
            PERFORM internal.touch('wards', 'staff', CASE WHEN cardinality(items) <= 500 THEN items END, CASE WHEN cardinality(items) <= 500 THEN ARRAY(SELECT unnest(ARRAY[ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom)]) FROM (SELECT geom FROM old_rows WHERE id = ANY (items)) place WHERE NOT ST_IsEmpty(geom)) END);
        END IF;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO history.wards (operation, transaction_id, person_id, request_id, id, code, name, constituency, population, population_year, source, outline_approximate, visibility, version, updated_at, extra, geom)
        SELECT 'insert', here, who, what, id, code, name, constituency, population, population_year, source, outline_approximate, visibility, version, updated_at, extra, geom FROM new_rows;
        items := ARRAY(SELECT id FROM new_rows);
        IF cardinality(items) > 0 THEN
            PERFORM internal.touch('wards', 'staff', CASE WHEN cardinality(items) <= 500 THEN items END, CASE WHEN cardinality(items) <= 500 THEN ARRAY(SELECT unnest(ARRAY[ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom)]) FROM (SELECT geom FROM new_rows WHERE id = ANY (items)) place WHERE NOT ST_IsEmpty(geom)) END);
        END IF;
    ELSE
        WITH gone AS (
            INSERT INTO history.wards (operation, transaction_id, person_id, request_id, id, code, name, constituency, population, population_year, source, outline_approximate, visibility, version, updated_at, extra, geom)
            SELECT 'delete', here, who, what, o.id, o.code, o.name, o.constituency, o.population, o.population_year, o.source, o.outline_approximate, o.visibility, o.version, o.updated_at, o.extra, o.geom
            FROM old_rows o LEFT JOIN new_rows n ON n.id = o.id WHERE n.id IS NULL
            RETURNING id
        )
        SELECT array_agg(id) INTO items FROM gone;
        WITH changed AS (
            INSERT INTO history.wards (operation, transaction_id, person_id, request_id, id, code, name, constituency, population, population_year, source, outline_approximate, visibility, version, updated_at, extra, geom)
            SELECT CASE WHEN o.id IS NULL THEN 'insert' ELSE 'update' END, here, who, what, n.id, n.code, n.name, n.constituency, n.population, n.population_year, n.source, n.outline_approximate, n.visibility, n.version, n.updated_at, n.extra, n.geom
            FROM new_rows n LEFT JOIN old_rows o ON o.id = n.id WHERE o.id IS NULL OR n *<> o
            RETURNING id
        )
        SELECT items || array_agg(id) INTO items FROM changed;
        IF cardinality(items) > 0 THEN
            PERFORM internal.touch('wards', 'staff', CASE WHEN cardinality(items) <= 500 THEN items END, CASE WHEN cardinality(items) <= 500 THEN ARRAY(SELECT unnest(ARRAY[ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom)]) FROM (SELECT geom FROM old_rows WHERE id = ANY (items) UNION ALL SELECT geom FROM new_rows WHERE id = ANY (items)) place WHERE NOT ST_IsEmpty(geom)) END);
        END IF;
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION history.record_roads() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET enable_nestloop = off
AS $$
DECLARE
    here bigint := pg_current_xact_id()::text::bigint;
    who uuid := history.actor();
    what text := nullif(current_setting('gis.request_id', true), '');
    items uuid[];
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO history.roads (operation, transaction_id, person_id, request_id, id, external_id, name, road_class, source, visibility, version, updated_at, extra, geom)
        SELECT 'delete', here, who, what, id, external_id, name, road_class, source, visibility, version, updated_at, extra, geom FROM old_rows;
        items := ARRAY(SELECT id FROM old_rows);
        IF cardinality(items) > 0 THEN
            PERFORM internal.touch('roads', 'staff', CASE WHEN cardinality(items) <= 500 THEN items END, CASE WHEN cardinality(items) <= 500 THEN ARRAY(SELECT unnest(ARRAY[ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom)]) FROM (SELECT geom FROM old_rows WHERE id = ANY (items)) place WHERE NOT ST_IsEmpty(geom)) END);
        END IF;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO history.roads (operation, transaction_id, person_id, request_id, id, external_id, name, road_class, source, visibility, version, updated_at, extra, geom)
        SELECT 'insert', here, who, what, id, external_id, name, road_class, source, visibility, version, updated_at, extra, geom FROM new_rows;
        items := ARRAY(SELECT id FROM new_rows);
        IF cardinality(items) > 0 THEN
            PERFORM internal.touch('roads', 'staff', CASE WHEN cardinality(items) <= 500 THEN items END, CASE WHEN cardinality(items) <= 500 THEN ARRAY(SELECT unnest(ARRAY[ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom)]) FROM (SELECT geom FROM new_rows WHERE id = ANY (items)) place WHERE NOT ST_IsEmpty(geom)) END);
        END IF;
    ELSE
        WITH gone AS (
            INSERT INTO history.roads (operation, transaction_id, person_id, request_id, id, external_id, name, road_class, source, visibility, version, updated_at, extra, geom)
            SELECT 'delete', here, who, what, o.id, o.external_id, o.name, o.road_class, o.source, o.visibility, o.version, o.updated_at, o.extra, o.geom
            FROM old_rows o LEFT JOIN new_rows n ON n.id = o.id WHERE n.id IS NULL
            RETURNING id
        )
        SELECT array_agg(id) INTO items FROM gone;
        WITH changed AS (
            INSERT INTO history.roads (operation, transaction_id, person_id, request_id, id, external_id, name, road_class, source, visibility, version, updated_at, extra, geom)
            SELECT CASE WHEN o.id IS NULL THEN 'insert' ELSE 'update' END, here, who, what, n.id, n.external_id, n.name, n.road_class, n.source, n.visibility, n.version, n.updated_at, n.extra, n.geom
            FROM new_rows n LEFT JOIN old_rows o ON o.id = n.id WHERE o.id IS NULL OR n *<> o
            RETURNING id
        )
        SELECT items || array_agg(id) INTO items FROM changed;
        IF cardinality(items) > 0 THEN
            PERFORM internal.touch('roads', 'staff', CASE WHEN cardinality(items) <= 500 THEN items END, CASE WHEN cardinality(items) <= 500 THEN ARRAY(SELECT unnest(ARRAY[ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom)]) FROM (SELECT geom FROM old_rows WHERE id = ANY (items) UNION ALL SELECT geom FROM new_rows WHERE id = ANY (items)) place WHERE NOT ST_IsEmpty(geom)) END);
        END IF;
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION history.record_population() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET enable_nestloop = off
AS $$
DECLARE
    here bigint := pg_current_xact_id()::text::bigint;
    who uuid := history.actor();
    what text := nullif(current_setting('gis.request_id', true), '');
    items uuid[];
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO history.population (operation, transaction_id, person_id, request_id, id, external_id, people, year, source, visibility, version, updated_at, extra, geom)
        SELECT 'delete', here, who, what, id, external_id, people, year, source, visibility, version, updated_at, extra, geom FROM old_rows;
        items := ARRAY(SELECT id FROM old_rows);
        IF cardinality(items) > 0 THEN
            PERFORM internal.touch('population', 'staff', CASE WHEN cardinality(items) <= 500 THEN items END, CASE WHEN cardinality(items) <= 500 THEN ARRAY(SELECT unnest(ARRAY[ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom)]) FROM (SELECT geom FROM old_rows WHERE id = ANY (items)) place WHERE NOT ST_IsEmpty(geom)) END);
        END IF;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO history.population (operation, transaction_id, person_id, request_id, id, external_id, people, year, source, visibility, version, updated_at, extra, geom)
        SELECT 'insert', here, who, what, id, external_id, people, year, source, visibility, version, updated_at, extra, geom FROM new_rows;
        items := ARRAY(SELECT id FROM new_rows);
        IF cardinality(items) > 0 THEN
            PERFORM internal.touch('population', 'staff', CASE WHEN cardinality(items) <= 500 THEN items END, CASE WHEN cardinality(items) <= 500 THEN ARRAY(SELECT unnest(ARRAY[ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom)]) FROM (SELECT geom FROM new_rows WHERE id = ANY (items)) place WHERE NOT ST_IsEmpty(geom)) END);
        END IF;
    ELSE
        WITH gone AS (
            INSERT INTO history.population (operation, transaction_id, person_id, request_id, id, external_id, people, year, source, visibility, version, updated_at, extra, geom)
            SELECT 'delete', here, who, what, o.id, o.external_id, o.people, o.year, o.source, o.visibility, o.version, o.updated_at, o.extra, o.geom
            FROM old_rows o LEFT JOIN new_rows n ON n.id = o.id WHERE n.id IS NULL
            RETURNING id
        )
        SELECT array_agg(id) INTO items FROM gone;
        WITH changed AS (
            INSERT INTO history.population (operation, transaction_id, person_id, request_id, id, external_id, people, year, source, visibility, version, updated_at, extra, geom)
            SELECT CASE WHEN o.id IS NULL THEN 'insert' ELSE 'update' END, here, who, what, n.id, n.external_id, n.people, n.year, n.source, n.visibility, n.version, n.updated_at, n.extra, n.geom
            FROM new_rows n LEFT JOIN old_rows o ON o.id = n.id WHERE o.id IS NULL OR n *<> o
            RETURNING id
        )
        SELECT items || array_agg(id) INTO items FROM changed;
        IF cardinality(items) > 0 THEN
            PERFORM internal.touch('population', 'staff', CASE WHEN cardinality(items) <= 500 THEN items END, CASE WHEN cardinality(items) <= 500 THEN ARRAY(SELECT unnest(ARRAY[ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom)]) FROM (SELECT geom FROM old_rows WHERE id = ANY (items) UNION ALL SELECT geom FROM new_rows WHERE id = ANY (items)) place WHERE NOT ST_IsEmpty(geom)) END);
        END IF;
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION history.record_network_nodes() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET enable_nestloop = off
AS $$
DECLARE
    here bigint := pg_current_xact_id()::text::bigint;
    who uuid := history.actor();
    what text := nullif(current_setting('gis.request_id', true), '');
    items uuid[];
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO history.network_nodes (operation, transaction_id, person_id, request_id, id, network_id, external_id, name, status, type, infrastructure, public_wifi, gateway, access_point, spare_capacity, power, technologies, owner, providers, phase, address, accuracy_m, slack_m, visibility, version, updated_at, extra, geom)
        SELECT 'delete', here, who, what, id, network_id, external_id, name, status, type, infrastructure, public_wifi, gateway, access_point, spare_capacity, power, technologies, owner, providers, phase, address, accuracy_m, slack_m, visibility, version, updated_at, extra, geom FROM old_rows;
        items := ARRAY(SELECT id FROM old_rows);
        IF cardinality(items) > 0 THEN
            PERFORM internal.touch('network_nodes', 'staff', CASE WHEN cardinality(items) <= 500 THEN items END, CASE WHEN cardinality(items) <= 500 THEN ARRAY(SELECT unnest(ARRAY[ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom)]) FROM (SELECT geom FROM old_rows WHERE id = ANY (items)) place WHERE NOT ST_IsEmpty(geom)) END);
        END IF;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO history.network_nodes (operation, transaction_id, person_id, request_id, id, network_id, external_id, name, status, type, infrastructure, public_wifi, gateway, access_point, spare_capacity, power, technologies, owner, providers, phase, address, accuracy_m, slack_m, visibility, version, updated_at, extra, geom)
        SELECT 'insert', here, who, what, id, network_id, external_id, name, status, type, infrastructure, public_wifi, gateway, access_point, spare_capacity, power, technologies, owner, providers, phase, address, accuracy_m, slack_m, visibility, version, updated_at, extra, geom FROM new_rows;
        items := ARRAY(SELECT id FROM new_rows);
        IF cardinality(items) > 0 THEN
            PERFORM internal.touch('network_nodes', 'staff', CASE WHEN cardinality(items) <= 500 THEN items END, CASE WHEN cardinality(items) <= 500 THEN ARRAY(SELECT unnest(ARRAY[ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom)]) FROM (SELECT geom FROM new_rows WHERE id = ANY (items)) place WHERE NOT ST_IsEmpty(geom)) END);
        END IF;
    ELSE
        WITH gone AS (
            INSERT INTO history.network_nodes (operation, transaction_id, person_id, request_id, id, network_id, external_id, name, status, type, infrastructure, public_wifi, gateway, access_point, spare_capacity, power, technologies, owner, providers, phase, address, accuracy_m, slack_m, visibility, version, updated_at, extra, geom)
            SELECT 'delete', here, who, what, o.id, o.network_id, o.external_id, o.name, o.status, o.type, o.infrastructure, o.public_wifi, o.gateway, o.access_point, o.spare_capacity, o.power, o.technologies, o.owner, o.providers, o.phase, o.address, o.accuracy_m, o.slack_m, o.visibility, o.version, o.updated_at, o.extra, o.geom
            FROM old_rows o LEFT JOIN new_rows n ON n.id = o.id WHERE n.id IS NULL
            RETURNING id
        )
        SELECT array_agg(id) INTO items FROM gone;
        WITH changed AS (
            INSERT INTO history.network_nodes (operation, transaction_id, person_id, request_id, id, network_id, external_id, name, status, type, infrastructure, public_wifi, gateway, access_point, spare_capacity, power, technologies, owner, providers, phase, address, accuracy_m, slack_m, visibility, version, updated_at, extra, geom)
            SELECT CASE WHEN o.id IS NULL THEN 'insert' ELSE 'update' END, here, who, what, n.id, n.network_id, n.external_id, n.name, n.status, n.type, n.infrastructure, n.public_wifi, n.gateway, n.access_point, n.spare_capacity, n.power, n.technologies, n.owner, n.providers, n.phase, n.address, n.accuracy_m, n.slack_m, n.visibility, n.version, n.updated_at, n.extra, n.geom
            FROM new_rows n LEFT JOIN old_rows o ON o.id = n.id WHERE o.id IS NULL OR n *<> o
            RETURNING id
        )
        SELECT items || array_agg(id) INTO items FROM changed;
        IF cardinality(items) > 0 THEN
            PERFORM internal.touch('network_nodes', 'staff', CASE WHEN cardinality(items) <= 500 THEN items END, CASE WHEN cardinality(items) <= 500 THEN ARRAY(SELECT unnest(ARRAY[ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom)]) FROM (SELECT geom FROM old_rows WHERE id = ANY (items) UNION ALL SELECT geom FROM new_rows WHERE id = ANY (items)) place WHERE NOT ST_IsEmpty(geom)) END);
        END IF;
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION history.record_fibre_links() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET enable_nestloop = off
AS $$
DECLARE
    here bigint := pg_current_xact_id()::text::bigint;
    who uuid := history.actor();
    what text := nullif(current_setting('gis.request_id', true), '');
    items uuid[];
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO history.fibre_links (operation, transaction_id, person_id, request_id, id, network_id, external_id, name, status, start_node, end_node, medium, deployment, fibre_type, fibre_count, spare_fibres, fibre_length_m, route_length_m, splices, connectors, capacity_gbps, technologies, owner, providers, supplier, dark_fibre, shared_trench, phase, ready_for_service_date, visibility, version, updated_at, extra, geom)
        SELECT 'delete', here, who, what, id, network_id, external_id, name, status, start_node, end_node, medium, deployment, fibre_type, fibre_count, spare_fibres, fibre_length_m, route_length_m, splices, connectors, capacity_gbps, technologies, owner, providers, supplier, dark_fibre, shared_trench, phase, ready_for_service_date, visibility, version, updated_at, extra, geom FROM old_rows;
        items := ARRAY(SELECT id FROM old_rows);
        IF cardinality(items) > 0 THEN
            PERFORM internal.touch('fibre_links', 'staff', CASE WHEN cardinality(items) <= 500 THEN items END, CASE WHEN cardinality(items) <= 500 THEN ARRAY(SELECT unnest(ARRAY[ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom)]) FROM (SELECT geom FROM old_rows WHERE id = ANY (items)) place WHERE NOT ST_IsEmpty(geom)) END);
        END IF;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO history.fibre_links (operation, transaction_id, person_id, request_id, id, network_id, external_id, name, status, start_node, end_node, medium, deployment, fibre_type, fibre_count, spare_fibres, fibre_length_m, route_length_m, splices, connectors, capacity_gbps, technologies, owner, providers, supplier, dark_fibre, shared_trench, phase, ready_for_service_date, visibility, version, updated_at, extra, geom)
        SELECT 'insert', here, who, what, id, network_id, external_id, name, status, start_node, end_node, medium, deployment, fibre_type, fibre_count, spare_fibres, fibre_length_m, route_length_m, splices, connectors, capacity_gbps, technologies, owner, providers, supplier, dark_fibre, shared_trench, phase, ready_for_service_date, visibility, version, updated_at, extra, geom FROM new_rows;
        items := ARRAY(SELECT id FROM new_rows);
        IF cardinality(items) > 0 THEN
            PERFORM internal.touch('fibre_links', 'staff', CASE WHEN cardinality(items) <= 500 THEN items END, CASE WHEN cardinality(items) <= 500 THEN ARRAY(SELECT unnest(ARRAY[ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom)]) FROM (SELECT geom FROM new_rows WHERE id = ANY (items)) place WHERE NOT ST_IsEmpty(geom)) END);
        END IF;
    ELSE
        WITH gone AS (
            INSERT INTO history.fibre_links (operation, transaction_id, person_id, request_id, id, network_id, external_id, name, status, start_node, end_node, medium, deployment, fibre_type, fibre_count, spare_fibres, fibre_length_m, route_length_m, splices, connectors, capacity_gbps, technologies, owner, providers, supplier, dark_fibre, shared_trench, phase, ready_for_service_date, visibility, version, updated_at, extra, geom)
            SELECT 'delete', here, who, what, o.id, o.network_id, o.external_id, o.name, o.status, o.start_node, o.end_node, o.medium, o.deployment, o.fibre_type, o.fibre_count, o.spare_fibres, o.fibre_length_m, o.route_length_m, o.splices, o.connectors, o.capacity_gbps, o.technologies, o.owner, o.providers, o.supplier, o.dark_fibre, o.shared_trench, o.phase, o.ready_for_service_date, o.visibility, o.version, o.updated_at, o.extra, o.geom
            FROM old_rows o LEFT JOIN new_rows n ON n.id = o.id WHERE n.id IS NULL
            RETURNING id
        )
        SELECT array_agg(id) INTO items FROM gone;
        WITH changed AS (
            INSERT INTO history.fibre_links (operation, transaction_id, person_id, request_id, id, network_id, external_id, name, status, start_node, end_node, medium, deployment, fibre_type, fibre_count, spare_fibres, fibre_length_m, route_length_m, splices, connectors, capacity_gbps, technologies, owner, providers, supplier, dark_fibre, shared_trench, phase, ready_for_service_date, visibility, version, updated_at, extra, geom)
            SELECT CASE WHEN o.id IS NULL THEN 'insert' ELSE 'update' END, here, who, what, n.id, n.network_id, n.external_id, n.name, n.status, n.start_node, n.end_node, n.medium, n.deployment, n.fibre_type, n.fibre_count, n.spare_fibres, n.fibre_length_m, n.route_length_m, n.splices, n.connectors, n.capacity_gbps, n.technologies, n.owner, n.providers, n.supplier, n.dark_fibre, n.shared_trench, n.phase, n.ready_for_service_date, n.visibility, n.version, n.updated_at, n.extra, n.geom
            FROM new_rows n LEFT JOIN old_rows o ON o.id = n.id WHERE o.id IS NULL OR n *<> o
            RETURNING id
        )
        SELECT items || array_agg(id) INTO items FROM changed;
        IF cardinality(items) > 0 THEN
            PERFORM internal.touch('fibre_links', 'staff', CASE WHEN cardinality(items) <= 500 THEN items END, CASE WHEN cardinality(items) <= 500 THEN ARRAY(SELECT unnest(ARRAY[ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom)]) FROM (SELECT geom FROM old_rows WHERE id = ANY (items) UNION ALL SELECT geom FROM new_rows WHERE id = ANY (items)) place WHERE NOT ST_IsEmpty(geom)) END);
        END IF;
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION history.record_structures() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET enable_nestloop = off
AS $$
DECLARE
    here bigint := pg_current_xact_id()::text::bigint;
    who uuid := history.actor();
    what text := nullif(current_setting('gis.request_id', true), '');
    items uuid[];
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO history.structures (operation, transaction_id, person_id, request_id, id, network_id, external_id, name, structure_type, link, position_m, slack_m, owner, accuracy_m, visibility, version, updated_at, extra, geom)
        SELECT 'delete', here, who, what, id, network_id, external_id, name, structure_type, link, position_m, slack_m, owner, accuracy_m, visibility, version, updated_at, extra, geom FROM old_rows;
        items := ARRAY(SELECT id FROM old_rows);
        IF cardinality(items) > 0 THEN
            PERFORM internal.touch('structures', 'staff', CASE WHEN cardinality(items) <= 500 THEN items END, CASE WHEN cardinality(items) <= 500 THEN ARRAY(SELECT unnest(ARRAY[ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom)]) FROM (SELECT geom FROM old_rows WHERE id = ANY (items)) place WHERE NOT ST_IsEmpty(geom)) END);
        END IF;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO history.structures (operation, transaction_id, person_id, request_id, id, network_id, external_id, name, structure_type, link, position_m, slack_m, owner, accuracy_m, visibility, version, updated_at, extra, geom)
        SELECT 'insert', here, who, what, id, network_id, external_id, name, structure_type, link, position_m, slack_m, owner, accuracy_m, visibility, version, updated_at, extra, geom FROM new_rows;
        items := ARRAY(SELECT id FROM new_rows);
        IF cardinality(items) > 0 THEN
            PERFORM internal.touch('structures', 'staff', CASE WHEN cardinality(items) <= 500 THEN items END, CASE WHEN cardinality(items) <= 500 THEN ARRAY(SELECT unnest(ARRAY[ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom)]) FROM (SELECT geom FROM new_rows WHERE id = ANY (items)) place WHERE NOT ST_IsEmpty(geom)) END);
        END IF;
    ELSE
        WITH gone AS (
            INSERT INTO history.structures (operation, transaction_id, person_id, request_id, id, network_id, external_id, name, structure_type, link, position_m, slack_m, owner, accuracy_m, visibility, version, updated_at, extra, geom)
            SELECT 'delete', here, who, what, o.id, o.network_id, o.external_id, o.name, o.structure_type, o.link, o.position_m, o.slack_m, o.owner, o.accuracy_m, o.visibility, o.version, o.updated_at, o.extra, o.geom
            FROM old_rows o LEFT JOIN new_rows n ON n.id = o.id WHERE n.id IS NULL
            RETURNING id
        )
        SELECT array_agg(id) INTO items FROM gone;
        WITH changed AS (
            INSERT INTO history.structures (operation, transaction_id, person_id, request_id, id, network_id, external_id, name, structure_type, link, position_m, slack_m, owner, accuracy_m, visibility, version, updated_at, extra, geom)
            SELECT CASE WHEN o.id IS NULL THEN 'insert' ELSE 'update' END, here, who, what, n.id, n.network_id, n.external_id, n.name, n.structure_type, n.link, n.position_m, n.slack_m, n.owner, n.accuracy_m, n.visibility, n.version, n.updated_at, n.extra, n.geom
            FROM new_rows n LEFT JOIN old_rows o ON o.id = n.id WHERE o.id IS NULL OR n *<> o
            RETURNING id
        )
        SELECT items || array_agg(id) INTO items FROM changed;
        IF cardinality(items) > 0 THEN
            PERFORM internal.touch('structures', 'staff', CASE WHEN cardinality(items) <= 500 THEN items END, CASE WHEN cardinality(items) <= 500 THEN ARRAY(SELECT unnest(ARRAY[ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom)]) FROM (SELECT geom FROM old_rows WHERE id = ANY (items) UNION ALL SELECT geom FROM new_rows WHERE id = ANY (items)) place WHERE NOT ST_IsEmpty(geom)) END);
        END IF;
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION history.record_offices() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET enable_nestloop = off
AS $$
DECLARE
    here bigint := pg_current_xact_id()::text::bigint;
    who uuid := history.actor();
    what text := nullif(current_setting('gis.request_id', true), '');
    items uuid[];
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO history.offices (operation, transaction_id, person_id, request_id, id, network_id, external_id, name, office_type, theme, served_by, connection, connected_since, technology, required_mbps, measured_mbps, staff, beneficiaries, ward, contact, visibility, version, updated_at, extra, geom)
        SELECT 'delete', here, who, what, id, network_id, external_id, name, office_type, theme, served_by, connection, connected_since, technology, required_mbps, measured_mbps, staff, beneficiaries, ward, contact, visibility, version, updated_at, extra, geom FROM old_rows;
        items := ARRAY(SELECT id FROM old_rows);
        IF cardinality(items) > 0 THEN
            PERFORM internal.touch('offices', 'staff', CASE WHEN cardinality(items) <= 500 THEN items END, CASE WHEN cardinality(items) <= 500 THEN ARRAY(SELECT unnest(ARRAY[ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom)]) FROM (SELECT geom FROM old_rows WHERE id = ANY (items)) place WHERE NOT ST_IsEmpty(geom)) END);
        END IF;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO history.offices (operation, transaction_id, person_id, request_id, id, network_id, external_id, name, office_type, theme, served_by, connection, connected_since, technology, required_mbps, measured_mbps, staff, beneficiaries, ward, contact, visibility, version, updated_at, extra, geom)
        SELECT 'insert', here, who, what, id, network_id, external_id, name, office_type, theme, served_by, connection, connected_since, technology, required_mbps, measured_mbps, staff, beneficiaries, ward, contact, visibility, version, updated_at, extra, geom FROM new_rows;
        items := ARRAY(SELECT id FROM new_rows);
        IF cardinality(items) > 0 THEN
            PERFORM internal.touch('offices', 'staff', CASE WHEN cardinality(items) <= 500 THEN items END, CASE WHEN cardinality(items) <= 500 THEN ARRAY(SELECT unnest(ARRAY[ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom)]) FROM (SELECT geom FROM new_rows WHERE id = ANY (items)) place WHERE NOT ST_IsEmpty(geom)) END);
        END IF;
    ELSE
        WITH gone AS (
            INSERT INTO history.offices (operation, transaction_id, person_id, request_id, id, network_id, external_id, name, office_type, theme, served_by, connection, connected_since, technology, required_mbps, measured_mbps, staff, beneficiaries, ward, contact, visibility, version, updated_at, extra, geom)
            SELECT 'delete', here, who, what, o.id, o.network_id, o.external_id, o.name, o.office_type, o.theme, o.served_by, o.connection, o.connected_since, o.technology, o.required_mbps, o.measured_mbps, o.staff, o.beneficiaries, o.ward, o.contact, o.visibility, o.version, o.updated_at, o.extra, o.geom
            FROM old_rows o LEFT JOIN new_rows n ON n.id = o.id WHERE n.id IS NULL
            RETURNING id
        )
        SELECT array_agg(id) INTO items FROM gone;
        WITH changed AS (
            INSERT INTO history.offices (operation, transaction_id, person_id, request_id, id, network_id, external_id, name, office_type, theme, served_by, connection, connected_since, technology, required_mbps, measured_mbps, staff, beneficiaries, ward, contact, visibility, version, updated_at, extra, geom)
            SELECT CASE WHEN o.id IS NULL THEN 'insert' ELSE 'update' END, here, who, what, n.id, n.network_id, n.external_id, n.name, n.office_type, n.theme, n.served_by, n.connection, n.connected_since, n.technology, n.required_mbps, n.measured_mbps, n.staff, n.beneficiaries, n.ward, n.contact, n.visibility, n.version, n.updated_at, n.extra, n.geom
            FROM new_rows n LEFT JOIN old_rows o ON o.id = n.id WHERE o.id IS NULL OR n *<> o
            RETURNING id
        )
        SELECT items || array_agg(id) INTO items FROM changed;
        IF cardinality(items) > 0 THEN
            PERFORM internal.touch('offices', 'staff', CASE WHEN cardinality(items) <= 500 THEN items END, CASE WHEN cardinality(items) <= 500 THEN ARRAY(SELECT unnest(ARRAY[ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom)]) FROM (SELECT geom FROM old_rows WHERE id = ANY (items) UNION ALL SELECT geom FROM new_rows WHERE id = ANY (items)) place WHERE NOT ST_IsEmpty(geom)) END);
        END IF;
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION history.record_equipment() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET enable_nestloop = off
AS $$
DECLARE
    here bigint := pg_current_xact_id()::text::bigint;
    who uuid := history.actor();
    what text := nullif(current_setting('gis.request_id', true), '');
    items uuid[];
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO history.equipment (operation, transaction_id, person_id, request_id, id, network_id, external_id, asset_tag, serial, category, make, model, node, office, management_address, lan_address, wan_address, lifecycle, order_number, supplier, installed_on, warranty_until, certification_interval_months, visibility, version, updated_at, extra)
        SELECT 'delete', here, who, what, id, network_id, external_id, asset_tag, serial, category, make, model, node, office, management_address, lan_address, wan_address, lifecycle, order_number, supplier, installed_on, warranty_until, certification_interval_months, visibility, version, updated_at, extra FROM old_rows;
        items := ARRAY(SELECT id FROM old_rows);
        IF cardinality(items) > 0 THEN
            PERFORM internal.touch('equipment', 'staff', CASE WHEN cardinality(items) <= 500 THEN items END, CASE WHEN cardinality(items) <= 500 THEN '{}'::double precision[] END);
        END IF;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO history.equipment (operation, transaction_id, person_id, request_id, id, network_id, external_id, asset_tag, serial, category, make, model, node, office, management_address, lan_address, wan_address, lifecycle, order_number, supplier, installed_on, warranty_until, certification_interval_months, visibility, version, updated_at, extra)
        SELECT 'insert', here, who, what, id, network_id, external_id, asset_tag, serial, category, make, model, node, office, management_address, lan_address, wan_address, lifecycle, order_number, supplier, installed_on, warranty_until, certification_interval_months, visibility, version, updated_at, extra FROM new_rows;
        items := ARRAY(SELECT id FROM new_rows);
        IF cardinality(items) > 0 THEN
            PERFORM internal.touch('equipment', 'staff', CASE WHEN cardinality(items) <= 500 THEN items END, CASE WHEN cardinality(items) <= 500 THEN '{}'::double precision[] END);
        END IF;
    ELSE
        WITH gone AS (
            INSERT INTO history.equipment (operation, transaction_id, person_id, request_id, id, network_id, external_id, asset_tag, serial, category, make, model, node, office, management_address, lan_address, wan_address, lifecycle, order_number, supplier, installed_on, warranty_until, certification_interval_months, visibility, version, updated_at, extra)
            SELECT 'delete', here, who, what, o.id, o.network_id, o.external_id, o.asset_tag, o.serial, o.category, o.make, o.model, o.node, o.office, o.management_address, o.lan_address, o.wan_address, o.lifecycle, o.order_number, o.supplier, o.installed_on, o.warranty_until, o.certification_interval_months, o.visibility, o.version, o.updated_at, o.extra
            FROM old_rows o LEFT JOIN new_rows n ON n.id = o.id WHERE n.id IS NULL
            RETURNING id
        )
        SELECT array_agg(id) INTO items FROM gone;
        WITH changed AS (
            INSERT INTO history.equipment (operation, transaction_id, person_id, request_id, id, network_id, external_id, asset_tag, serial, category, make, model, node, office, management_address, lan_address, wan_address, lifecycle, order_number, supplier, installed_on, warranty_until, certification_interval_months, visibility, version, updated_at, extra)
            SELECT CASE WHEN o.id IS NULL THEN 'insert' ELSE 'update' END, here, who, what, n.id, n.network_id, n.external_id, n.asset_tag, n.serial, n.category, n.make, n.model, n.node, n.office, n.management_address, n.lan_address, n.wan_address, n.lifecycle, n.order_number, n.supplier, n.installed_on, n.warranty_until, n.certification_interval_months, n.visibility, n.version, n.updated_at, n.extra
            FROM new_rows n LEFT JOIN old_rows o ON o.id = n.id WHERE o.id IS NULL OR n *<> o
            RETURNING id
        )
        SELECT items || array_agg(id) INTO items FROM changed;
        IF cardinality(items) > 0 THEN
            PERFORM internal.touch('equipment', 'staff', CASE WHEN cardinality(items) <= 500 THEN items END, CASE WHEN cardinality(items) <= 500 THEN '{}'::double precision[] END);
        END IF;
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION history.record_work_log() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET enable_nestloop = off
AS $$
DECLARE
    here bigint := pg_current_xact_id()::text::bigint;
    who uuid := history.actor();
    what text := nullif(current_setting('gis.request_id', true), '');
    items uuid[];
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO history.work_log (operation, transaction_id, person_id, request_id, id, network_id, external_id, kind, equipment, node, link, occurred_at, recorded_at, by, result, notes, visibility, version, updated_at, extra)
        SELECT 'delete', here, who, what, id, network_id, external_id, kind, equipment, node, link, occurred_at, recorded_at, by, result, notes, visibility, version, updated_at, extra FROM old_rows;
        items := ARRAY(SELECT id FROM old_rows);
        IF cardinality(items) > 0 THEN
            PERFORM internal.touch('work_log', 'staff', CASE WHEN cardinality(items) <= 500 THEN items END, CASE WHEN cardinality(items) <= 500 THEN '{}'::double precision[] END);
        END IF;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO history.work_log (operation, transaction_id, person_id, request_id, id, network_id, external_id, kind, equipment, node, link, occurred_at, recorded_at, by, result, notes, visibility, version, updated_at, extra)
        SELECT 'insert', here, who, what, id, network_id, external_id, kind, equipment, node, link, occurred_at, recorded_at, by, result, notes, visibility, version, updated_at, extra FROM new_rows;
        items := ARRAY(SELECT id FROM new_rows);
        IF cardinality(items) > 0 THEN
            PERFORM internal.touch('work_log', 'staff', CASE WHEN cardinality(items) <= 500 THEN items END, CASE WHEN cardinality(items) <= 500 THEN '{}'::double precision[] END);
        END IF;
    ELSE
        WITH gone AS (
            INSERT INTO history.work_log (operation, transaction_id, person_id, request_id, id, network_id, external_id, kind, equipment, node, link, occurred_at, recorded_at, by, result, notes, visibility, version, updated_at, extra)
            SELECT 'delete', here, who, what, o.id, o.network_id, o.external_id, o.kind, o.equipment, o.node, o.link, o.occurred_at, o.recorded_at, o.by, o.result, o.notes, o.visibility, o.version, o.updated_at, o.extra
            FROM old_rows o LEFT JOIN new_rows n ON n.id = o.id WHERE n.id IS NULL
            RETURNING id
        )
        SELECT array_agg(id) INTO items FROM gone;
        WITH changed AS (
            INSERT INTO history.work_log (operation, transaction_id, person_id, request_id, id, network_id, external_id, kind, equipment, node, link, occurred_at, recorded_at, by, result, notes, visibility, version, updated_at, extra)
            SELECT CASE WHEN o.id IS NULL THEN 'insert' ELSE 'update' END, here, who, what, n.id, n.network_id, n.external_id, n.kind, n.equipment, n.node, n.link, n.occurred_at, n.recorded_at, n.by, n.result, n.notes, n.visibility, n.version, n.updated_at, n.extra
            FROM new_rows n LEFT JOIN old_rows o ON o.id = n.id WHERE o.id IS NULL OR n *<> o
            RETURNING id
        )
        SELECT items || array_agg(id) INTO items FROM changed;
        IF cardinality(items) > 0 THEN
            PERFORM internal.touch('work_log', 'staff', CASE WHEN cardinality(items) <= 500 THEN items END, CASE WHEN cardinality(items) <= 500 THEN '{}'::double precision[] END);
        END IF;
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION history.record_measurements() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET enable_nestloop = off
AS $$
DECLARE
    here bigint := pg_current_xact_id()::text::bigint;
    who uuid := history.actor();
    what text := nullif(current_setting('gis.request_id', true), '');
    items uuid[];
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO history.measurements (operation, transaction_id, person_id, request_id, id, network_id, external_id, kind, link, node, equipment, measured_at, instrument, fibre, wavelength_nm, otdr_distance_m, loss_db, power_dbm, by, visibility, version, updated_at, extra)
        SELECT 'delete', here, who, what, id, network_id, external_id, kind, link, node, equipment, measured_at, instrument, fibre, wavelength_nm, otdr_distance_m, loss_db, power_dbm, by, visibility, version, updated_at, extra FROM old_rows;
        items := ARRAY(SELECT id FROM old_rows);
        IF cardinality(items) > 0 THEN
            PERFORM internal.touch('measurements', 'staff', CASE WHEN cardinality(items) <= 500 THEN items END, CASE WHEN cardinality(items) <= 500 THEN '{}'::double precision[] END);
        END IF;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO history.measurements (operation, transaction_id, person_id, request_id, id, network_id, external_id, kind, link, node, equipment, measured_at, instrument, fibre, wavelength_nm, otdr_distance_m, loss_db, power_dbm, by, visibility, version, updated_at, extra)
        SELECT 'insert', here, who, what, id, network_id, external_id, kind, link, node, equipment, measured_at, instrument, fibre, wavelength_nm, otdr_distance_m, loss_db, power_dbm, by, visibility, version, updated_at, extra FROM new_rows;
        items := ARRAY(SELECT id FROM new_rows);
        IF cardinality(items) > 0 THEN
            PERFORM internal.touch('measurements', 'staff', CASE WHEN cardinality(items) <= 500 THEN items END, CASE WHEN cardinality(items) <= 500 THEN '{}'::double precision[] END);
        END IF;
    ELSE
        WITH gone AS (
            INSERT INTO history.measurements (operation, transaction_id, person_id, request_id, id, network_id, external_id, kind, link, node, equipment, measured_at, instrument, fibre, wavelength_nm, otdr_distance_m, loss_db, power_dbm, by, visibility, version, updated_at, extra)
            SELECT 'delete', here, who, what, o.id, o.network_id, o.external_id, o.kind, o.link, o.node, o.equipment, o.measured_at, o.instrument, o.fibre, o.wavelength_nm, o.otdr_distance_m, o.loss_db, o.power_dbm, o.by, o.visibility, o.version, o.updated_at, o.extra
            FROM old_rows o LEFT JOIN new_rows n ON n.id = o.id WHERE n.id IS NULL
            RETURNING id
        )
        SELECT array_agg(id) INTO items FROM gone;
        WITH changed AS (
            INSERT INTO history.measurements (operation, transaction_id, person_id, request_id, id, network_id, external_id, kind, link, node, equipment, measured_at, instrument, fibre, wavelength_nm, otdr_distance_m, loss_db, power_dbm, by, visibility, version, updated_at, extra)
            SELECT CASE WHEN o.id IS NULL THEN 'insert' ELSE 'update' END, here, who, what, n.id, n.network_id, n.external_id, n.kind, n.link, n.node, n.equipment, n.measured_at, n.instrument, n.fibre, n.wavelength_nm, n.otdr_distance_m, n.loss_db, n.power_dbm, n.by, n.visibility, n.version, n.updated_at, n.extra
            FROM new_rows n LEFT JOIN old_rows o ON o.id = n.id WHERE o.id IS NULL OR n *<> o
            RETURNING id
        )
        SELECT items || array_agg(id) INTO items FROM changed;
        IF cardinality(items) > 0 THEN
            PERFORM internal.touch('measurements', 'staff', CASE WHEN cardinality(items) <= 500 THEN items END, CASE WHEN cardinality(items) <= 500 THEN '{}'::double precision[] END);
        END IF;
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION history.record_faults() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET enable_nestloop = off
AS $$
DECLARE
    here bigint := pg_current_xact_id()::text::bigint;
    who uuid := history.actor();
    what text := nullif(current_setting('gis.request_id', true), '');
    items uuid[];
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO history.faults (operation, transaction_id, person_id, request_id, id, network_id, external_id, summary, link, node, equipment, office, cuts, started_at, cleared_at, source, otdr_distance_m, uncertainty_m, ward, reporter, visibility, version, updated_at, extra, geom)
        SELECT 'delete', here, who, what, id, network_id, external_id, summary, link, node, equipment, office, cuts, started_at, cleared_at, source, otdr_distance_m, uncertainty_m, ward, reporter, visibility, version, updated_at, extra, geom FROM old_rows;
        items := ARRAY(SELECT id FROM old_rows);
        IF cardinality(items) > 0 THEN
            PERFORM internal.touch('faults', 'staff', CASE WHEN cardinality(items) <= 500 THEN items END, CASE WHEN cardinality(items) <= 500 THEN ARRAY(SELECT unnest(ARRAY[ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom)]) FROM (SELECT geom FROM old_rows WHERE id = ANY (items)) place WHERE NOT ST_IsEmpty(geom)) END);
        END IF;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO history.faults (operation, transaction_id, person_id, request_id, id, network_id, external_id, summary, link, node, equipment, office, cuts, started_at, cleared_at, source, otdr_distance_m, uncertainty_m, ward, reporter, visibility, version, updated_at, extra, geom)
        SELECT 'insert', here, who, what, id, network_id, external_id, summary, link, node, equipment, office, cuts, started_at, cleared_at, source, otdr_distance_m, uncertainty_m, ward, reporter, visibility, version, updated_at, extra, geom FROM new_rows;
        items := ARRAY(SELECT id FROM new_rows);
        IF cardinality(items) > 0 THEN
            PERFORM internal.touch('faults', 'staff', CASE WHEN cardinality(items) <= 500 THEN items END, CASE WHEN cardinality(items) <= 500 THEN ARRAY(SELECT unnest(ARRAY[ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom)]) FROM (SELECT geom FROM new_rows WHERE id = ANY (items)) place WHERE NOT ST_IsEmpty(geom)) END);
        END IF;
    ELSE
        WITH gone AS (
            INSERT INTO history.faults (operation, transaction_id, person_id, request_id, id, network_id, external_id, summary, link, node, equipment, office, cuts, started_at, cleared_at, source, otdr_distance_m, uncertainty_m, ward, reporter, visibility, version, updated_at, extra, geom)
            SELECT 'delete', here, who, what, o.id, o.network_id, o.external_id, o.summary, o.link, o.node, o.equipment, o.office, o.cuts, o.started_at, o.cleared_at, o.source, o.otdr_distance_m, o.uncertainty_m, o.ward, o.reporter, o.visibility, o.version, o.updated_at, o.extra, o.geom
            FROM old_rows o LEFT JOIN new_rows n ON n.id = o.id WHERE n.id IS NULL
            RETURNING id
        )
        SELECT array_agg(id) INTO items FROM gone;
        WITH changed AS (
            INSERT INTO history.faults (operation, transaction_id, person_id, request_id, id, network_id, external_id, summary, link, node, equipment, office, cuts, started_at, cleared_at, source, otdr_distance_m, uncertainty_m, ward, reporter, visibility, version, updated_at, extra, geom)
            SELECT CASE WHEN o.id IS NULL THEN 'insert' ELSE 'update' END, here, who, what, n.id, n.network_id, n.external_id, n.summary, n.link, n.node, n.equipment, n.office, n.cuts, n.started_at, n.cleared_at, n.source, n.otdr_distance_m, n.uncertainty_m, n.ward, n.reporter, n.visibility, n.version, n.updated_at, n.extra, n.geom
            FROM new_rows n LEFT JOIN old_rows o ON o.id = n.id WHERE o.id IS NULL OR n *<> o
            RETURNING id
        )
        SELECT items || array_agg(id) INTO items FROM changed;
        IF cardinality(items) > 0 THEN
            PERFORM internal.touch('faults', 'staff', CASE WHEN cardinality(items) <= 500 THEN items END, CASE WHEN cardinality(items) <= 500 THEN ARRAY(SELECT unnest(ARRAY[ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom)]) FROM (SELECT geom FROM old_rows WHERE id = ANY (items) UNION ALL SELECT geom FROM new_rows WHERE id = ANY (items)) place WHERE NOT ST_IsEmpty(geom)) END);
        END IF;
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION history.record_scenarios() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET enable_nestloop = off
AS $$
DECLARE
    here bigint := pg_current_xact_id()::text::bigint;
    who uuid := history.actor();
    what text := nullif(current_setting('gis.request_id', true), '');
    items uuid[];
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO history.scenarios (operation, transaction_id, person_id, request_id, id, network_id, external_id, name, description, adds, removes, removes_nodes, visibility, version, updated_at, extra)
        SELECT 'delete', here, who, what, id, network_id, external_id, name, description, adds, removes, removes_nodes, visibility, version, updated_at, extra FROM old_rows;
        items := ARRAY(SELECT id FROM old_rows);
        IF cardinality(items) > 0 THEN
            PERFORM internal.touch('scenarios', 'staff', CASE WHEN cardinality(items) <= 500 THEN items END, CASE WHEN cardinality(items) <= 500 THEN '{}'::double precision[] END);
        END IF;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO history.scenarios (operation, transaction_id, person_id, request_id, id, network_id, external_id, name, description, adds, removes, removes_nodes, visibility, version, updated_at, extra)
        SELECT 'insert', here, who, what, id, network_id, external_id, name, description, adds, removes, removes_nodes, visibility, version, updated_at, extra FROM new_rows;
        items := ARRAY(SELECT id FROM new_rows);
        IF cardinality(items) > 0 THEN
            PERFORM internal.touch('scenarios', 'staff', CASE WHEN cardinality(items) <= 500 THEN items END, CASE WHEN cardinality(items) <= 500 THEN '{}'::double precision[] END);
        END IF;
    ELSE
        WITH gone AS (
            INSERT INTO history.scenarios (operation, transaction_id, person_id, request_id, id, network_id, external_id, name, description, adds, removes, removes_nodes, visibility, version, updated_at, extra)
            SELECT 'delete', here, who, what, o.id, o.network_id, o.external_id, o.name, o.description, o.adds, o.removes, o.removes_nodes, o.visibility, o.version, o.updated_at, o.extra
            FROM old_rows o LEFT JOIN new_rows n ON n.id = o.id WHERE n.id IS NULL
            RETURNING id
        )
        SELECT array_agg(id) INTO items FROM gone;
        WITH changed AS (
            INSERT INTO history.scenarios (operation, transaction_id, person_id, request_id, id, network_id, external_id, name, description, adds, removes, removes_nodes, visibility, version, updated_at, extra)
            SELECT CASE WHEN o.id IS NULL THEN 'insert' ELSE 'update' END, here, who, what, n.id, n.network_id, n.external_id, n.name, n.description, n.adds, n.removes, n.removes_nodes, n.visibility, n.version, n.updated_at, n.extra
            FROM new_rows n LEFT JOIN old_rows o ON o.id = n.id WHERE o.id IS NULL OR n *<> o
            RETURNING id
        )
        SELECT items || array_agg(id) INTO items FROM changed;
        IF cardinality(items) > 0 THEN
            PERFORM internal.touch('scenarios', 'staff', CASE WHEN cardinality(items) <= 500 THEN items END, CASE WHEN cardinality(items) <= 500 THEN '{}'::double precision[] END);
        END IF;
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION published.publish_networks() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET enable_nestloop = off
AS $$
DECLARE
    items uuid[];
    boxes double precision[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        WITH changed AS (
            INSERT INTO published.networks (id, name, synthetic)
            SELECT new_rows.id, new_rows.name AS name, new_rows.synthetic AS synthetic
        FROM new_rows
        WHERE new_rows.visibility = 'public'
            RETURNING id
        )
        SELECT array_agg(id), CASE WHEN count(*) <= 500 THEN '{}'::double precision[] END INTO items, boxes FROM changed;
    ELSIF TG_OP = 'DELETE' THEN
        WITH changed AS (
            DELETE FROM published.networks WHERE id = ANY (ARRAY(SELECT id FROM old_rows))
            RETURNING id
        )
        SELECT array_agg(id), CASE WHEN count(*) <= 500 THEN '{}'::double precision[] END INTO items, boxes FROM changed;
    ELSE
        WITH judged AS MATERIALIZED (
            SELECT n.* FROM new_rows n LEFT JOIN old_rows o ON o.id = n.id
            WHERE o.id IS NULL OR (o.visibility, o.name, o.synthetic) IS DISTINCT FROM (n.visibility, n.name, n.synthetic)
        ), wanted AS MATERIALIZED (
        SELECT judged.id, judged.name AS name, judged.synthetic AS synthetic
        FROM judged
        WHERE judged.visibility = 'public'
        ), unwanted AS (
            (SELECT id FROM old_rows EXCEPT SELECT id FROM new_rows)
            UNION ALL (SELECT id FROM judged EXCEPT SELECT id FROM wanted)
        ), gone AS (
            DELETE FROM published.networks WHERE id = ANY (ARRAY(SELECT id FROM unwanted))
            RETURNING id
        ), put AS (
            INSERT INTO published.networks AS was (id, name, synthetic) SELECT id, name, synthetic FROM wanted
            ON CONFLICT (id) DO UPDATE SET name = excluded.name, synthetic = excluded.synthetic
            WHERE (was.name, was.synthetic) IS DISTINCT FROM (excluded.name, excluded.synthetic)
            RETURNING was.id
        ), changed AS (
            SELECT * FROM gone UNION ALL SELECT * FROM put
        )
        SELECT array_agg(id), CASE WHEN count(*) <= 500 THEN '{}'::double precision[] END INTO items, boxes FROM changed;
    END IF;
    IF cardinality(items) > 0 THEN
        PERFORM internal.touch('networks', 'public',
            CASE WHEN cardinality(items) <= 500 THEN items END, boxes);
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION published.publish_wards() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET enable_nestloop = off
AS $$
DECLARE
    items uuid[];
    boxes double precision[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        WITH changed AS (
            INSERT INTO published.wards (id, code, name, constituency, population, population_year, source, outline_approximate, geom)
            SELECT seen.id, seen.code, seen.name, seen.constituency, seen.population, seen.population_year, seen.source, seen.outline_approximate, seen.geom
        FROM (SELECT new_rows.id AS id, new_rows.code AS code, new_rows.name AS name, new_rows.constituency AS constituency, new_rows.population AS population, new_rows.population_year AS population_year, new_rows.source AS source, new_rows.outline_approximate AS outline_approximate, new_rows.geom AS geom
        FROM new_rows
        WHERE new_rows.visibility = 'public'
         LIMIT ALL OFFSET 0) AS seen
        WHERE NOT ST_IsEmpty(seen.geom)
            RETURNING id, geom
        )
        SELECT array_agg(id), CASE WHEN count(*) <= 500 THEN ARRAY(SELECT unnest(ARRAY[ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom)]) FROM (SELECT * FROM changed) place WHERE NOT ST_IsEmpty(geom)) END INTO items, boxes FROM changed;
    ELSIF TG_OP = 'DELETE' THEN
        WITH changed AS (
            DELETE FROM published.wards WHERE id = ANY (ARRAY(SELECT id FROM old_rows))
            RETURNING id, geom
        )
        SELECT array_agg(id), CASE WHEN count(*) <= 500 THEN ARRAY(SELECT unnest(ARRAY[ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom)]) FROM (SELECT * FROM changed) place WHERE NOT ST_IsEmpty(geom)) END INTO items, boxes FROM changed;
    ELSE
        WITH judged AS MATERIALIZED (
            SELECT n.* FROM new_rows n LEFT JOIN old_rows o ON o.id = n.id
            WHERE o.id IS NULL OR (o.visibility, o.code, o.name, o.constituency, o.population, o.population_year, o.source, o.outline_approximate, o.geom) IS DISTINCT FROM (n.visibility, n.code, n.name, n.constituency, n.population, n.population_year, n.source, n.outline_approximate, n.geom)
        ), wanted AS MATERIALIZED (
        SELECT seen.id, seen.code, seen.name, seen.constituency, seen.population, seen.population_year, seen.source, seen.outline_approximate, seen.geom
        FROM (SELECT judged.id AS id, judged.code AS code, judged.name AS name, judged.constituency AS constituency, judged.population AS population, judged.population_year AS population_year, judged.source AS source, judged.outline_approximate AS outline_approximate, judged.geom AS geom
        FROM judged
        WHERE judged.visibility = 'public'
         LIMIT ALL OFFSET 0) AS seen
        WHERE NOT ST_IsEmpty(seen.geom)
        ), unwanted AS (
            (SELECT id FROM old_rows EXCEPT SELECT id FROM new_rows)
            UNION ALL (SELECT id FROM judged EXCEPT SELECT id FROM wanted)
        ), gone AS (
            DELETE FROM published.wards WHERE id = ANY (ARRAY(SELECT id FROM unwanted))
            RETURNING id, geom
        ), put AS (
            INSERT INTO published.wards AS was (id, code, name, constituency, population, population_year, source, outline_approximate, geom) SELECT id, code, name, constituency, population, population_year, source, outline_approximate, geom FROM wanted
            ON CONFLICT (id) DO UPDATE SET code = excluded.code, name = excluded.name, constituency = excluded.constituency, population = excluded.population, population_year = excluded.population_year, source = excluded.source, outline_approximate = excluded.outline_approximate, geom = excluded.geom
            WHERE (was.code, was.name, was.constituency, was.population, was.population_year, was.source, was.outline_approximate, was.geom) IS DISTINCT FROM (excluded.code, excluded.name, excluded.constituency, excluded.population, excluded.population_year, excluded.source, excluded.outline_approximate, excluded.geom)
            RETURNING was.id, was.geom
        ), changed AS (
            SELECT * FROM gone UNION ALL SELECT * FROM put
        )
        SELECT array_agg(id), CASE WHEN count(*) <= 500 THEN ARRAY(SELECT unnest(ARRAY[ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom)]) FROM (SELECT geom FROM changed UNION ALL SELECT geom FROM published.wards WHERE id = ANY (ARRAY(SELECT id FROM changed))) place WHERE NOT ST_IsEmpty(geom)) END INTO items, boxes FROM changed;
    END IF;
    IF cardinality(items) > 0 THEN
        PERFORM internal.touch('wards', 'public',
            CASE WHEN cardinality(items) <= 500 THEN items END, boxes);
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION published.publish_roads() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET enable_nestloop = off
AS $$
DECLARE
    items uuid[];
    boxes double precision[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        WITH changed AS (
            INSERT INTO published.roads (id, name, road_class, source, geom)
            SELECT seen.id, seen.name, seen.road_class, seen.source, seen.geom
        FROM (SELECT new_rows.id AS id, new_rows.name AS name, new_rows.road_class AS road_class, new_rows.source AS source, new_rows.geom AS geom
        FROM new_rows
        WHERE new_rows.visibility = 'public'
         LIMIT ALL OFFSET 0) AS seen
        WHERE NOT ST_IsEmpty(seen.geom)
            RETURNING id, geom
        )
        SELECT array_agg(id), CASE WHEN count(*) <= 500 THEN ARRAY(SELECT unnest(ARRAY[ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom)]) FROM (SELECT * FROM changed) place WHERE NOT ST_IsEmpty(geom)) END INTO items, boxes FROM changed;
    ELSIF TG_OP = 'DELETE' THEN
        WITH changed AS (
            DELETE FROM published.roads WHERE id = ANY (ARRAY(SELECT id FROM old_rows))
            RETURNING id, geom
        )
        SELECT array_agg(id), CASE WHEN count(*) <= 500 THEN ARRAY(SELECT unnest(ARRAY[ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom)]) FROM (SELECT * FROM changed) place WHERE NOT ST_IsEmpty(geom)) END INTO items, boxes FROM changed;
    ELSE
        WITH judged AS MATERIALIZED (
            SELECT n.* FROM new_rows n LEFT JOIN old_rows o ON o.id = n.id
            WHERE o.id IS NULL OR (o.visibility, o.name, o.road_class, o.source, o.geom) IS DISTINCT FROM (n.visibility, n.name, n.road_class, n.source, n.geom)
        ), wanted AS MATERIALIZED (
        SELECT seen.id, seen.name, seen.road_class, seen.source, seen.geom
        FROM (SELECT judged.id AS id, judged.name AS name, judged.road_class AS road_class, judged.source AS source, judged.geom AS geom
        FROM judged
        WHERE judged.visibility = 'public'
         LIMIT ALL OFFSET 0) AS seen
        WHERE NOT ST_IsEmpty(seen.geom)
        ), unwanted AS (
            (SELECT id FROM old_rows EXCEPT SELECT id FROM new_rows)
            UNION ALL (SELECT id FROM judged EXCEPT SELECT id FROM wanted)
        ), gone AS (
            DELETE FROM published.roads WHERE id = ANY (ARRAY(SELECT id FROM unwanted))
            RETURNING id, geom
        ), put AS (
            INSERT INTO published.roads AS was (id, name, road_class, source, geom) SELECT id, name, road_class, source, geom FROM wanted
            ON CONFLICT (id) DO UPDATE SET name = excluded.name, road_class = excluded.road_class, source = excluded.source, geom = excluded.geom
            WHERE (was.name, was.road_class, was.source, was.geom) IS DISTINCT FROM (excluded.name, excluded.road_class, excluded.source, excluded.geom)
            RETURNING was.id, was.geom
        ), changed AS (
            SELECT * FROM gone UNION ALL SELECT * FROM put
        )
        SELECT array_agg(id), CASE WHEN count(*) <= 500 THEN ARRAY(SELECT unnest(ARRAY[ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom)]) FROM (SELECT geom FROM changed UNION ALL SELECT geom FROM published.roads WHERE id = ANY (ARRAY(SELECT id FROM changed))) place WHERE NOT ST_IsEmpty(geom)) END INTO items, boxes FROM changed;
    END IF;
    IF cardinality(items) > 0 THEN
        PERFORM internal.touch('roads', 'public',
            CASE WHEN cardinality(items) <= 500 THEN items END, boxes);
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION published.publish_network_nodes() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET enable_nestloop = off
AS $$
DECLARE
    items uuid[];
    boxes double precision[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        WITH changed AS (
            INSERT INTO published.network_nodes (id, name, status, public_wifi, geom)
            SELECT seen.id, seen.name, seen.status, seen.public_wifi, seen.geom
        FROM (SELECT new_rows.id AS id, new_rows.name AS name, new_rows.status AS status, new_rows.public_wifi AS public_wifi, CASE WHEN (new_rows.infrastructure = 'wifiAccessPoint') THEN new_rows.geom ELSE ST_SnapToGrid(ST_Transform(ST_SnapToGrid(ST_Transform(new_rows.geom, CAST((SELECT gis.networks.metric_srid
        FROM gis.networks
        WHERE gis.networks.id = new_rows.network_id) AS INTEGER)), 50, 50, 100, 100), 4326), 0.000001) END AS geom
        FROM new_rows
        WHERE new_rows.visibility = 'public' AND new_rows.status IN ('operational')
         LIMIT ALL OFFSET 0) AS seen
        WHERE NOT ST_IsEmpty(seen.geom)
            RETURNING id, geom
        )
        SELECT array_agg(id), CASE WHEN count(*) <= 500 THEN ARRAY(SELECT unnest(ARRAY[ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom)]) FROM (SELECT * FROM changed) place WHERE NOT ST_IsEmpty(geom)) END INTO items, boxes FROM changed;
    ELSIF TG_OP = 'DELETE' THEN
        WITH changed AS (
            DELETE FROM published.network_nodes WHERE id = ANY (ARRAY(SELECT id FROM old_rows))
            RETURNING id, geom
        )
        SELECT array_agg(id), CASE WHEN count(*) <= 500 THEN ARRAY(SELECT unnest(ARRAY[ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom)]) FROM (SELECT * FROM changed) place WHERE NOT ST_IsEmpty(geom)) END INTO items, boxes FROM changed;
    ELSE
        WITH judged AS MATERIALIZED (
            SELECT n.* FROM new_rows n LEFT JOIN old_rows o ON o.id = n.id
            WHERE o.id IS NULL OR (o.visibility, o.name, o.status, o.public_wifi, o.infrastructure, o.geom, o.network_id) IS DISTINCT FROM (n.visibility, n.name, n.status, n.public_wifi, n.infrastructure, n.geom, n.network_id)
        ), wanted AS MATERIALIZED (
        SELECT seen.id, seen.name, seen.status, seen.public_wifi, seen.geom
        FROM (SELECT judged.id AS id, judged.name AS name, judged.status AS status, judged.public_wifi AS public_wifi, CASE WHEN (judged.infrastructure = 'wifiAccessPoint') THEN judged.geom ELSE ST_SnapToGrid(ST_Transform(ST_SnapToGrid(ST_Transform(judged.geom, CAST((SELECT gis.networks.metric_srid
        FROM gis.networks
        WHERE gis.networks.id = judged.network_id) AS INTEGER)), 50, 50, 100, 100), 4326), 0.000001) END AS geom
        FROM judged
        WHERE judged.visibility = 'public' AND judged.status IN ('operational')
         LIMIT ALL OFFSET 0) AS seen
        WHERE NOT ST_IsEmpty(seen.geom)
        ), unwanted AS (
            (SELECT id FROM old_rows EXCEPT SELECT id FROM new_rows)
            UNION ALL (SELECT id FROM judged EXCEPT SELECT id FROM wanted)
        ), gone AS (
            DELETE FROM published.network_nodes WHERE id = ANY (ARRAY(SELECT id FROM unwanted))
            RETURNING id, geom
        ), put AS (
            INSERT INTO published.network_nodes AS was (id, name, status, public_wifi, geom) SELECT id, name, status, public_wifi, geom FROM wanted
            ON CONFLICT (id) DO UPDATE SET name = excluded.name, status = excluded.status, public_wifi = excluded.public_wifi, geom = excluded.geom
            WHERE (was.name, was.status, was.public_wifi, was.geom) IS DISTINCT FROM (excluded.name, excluded.status, excluded.public_wifi, excluded.geom)
            RETURNING was.id, was.geom
        ), changed AS (
            SELECT * FROM gone UNION ALL SELECT * FROM put
        )
        SELECT array_agg(id), CASE WHEN count(*) <= 500 THEN ARRAY(SELECT unnest(ARRAY[ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom)]) FROM (SELECT geom FROM changed UNION ALL SELECT geom FROM published.network_nodes WHERE id = ANY (ARRAY(SELECT id FROM changed))) place WHERE NOT ST_IsEmpty(geom)) END INTO items, boxes FROM changed;
    END IF;
    IF cardinality(items) > 0 THEN
        PERFORM internal.touch('network_nodes', 'public',
            CASE WHEN cardinality(items) <= 500 THEN items END, boxes);
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION published.publish_fibre_links() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET enable_nestloop = off
AS $$
DECLARE
    items uuid[];
    boxes double precision[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        WITH changed AS (
            INSERT INTO published.fibre_links (id, name, status, route_length_m, geom)
            SELECT seen.id, seen.name, seen.status, seen.route_length_m, seen.geom
        FROM (SELECT new_rows.id AS id, new_rows.name AS name, new_rows.status AS status, round(new_rows.route_length_m / CAST(100 AS NUMERIC)) * 100 AS route_length_m, ST_SnapToGrid(ST_Transform(ST_SnapToGrid(ST_Transform(new_rows.geom, CAST((SELECT gis.networks.metric_srid
        FROM gis.networks
        WHERE gis.networks.id = new_rows.network_id) AS INTEGER)), 50, 50, 100, 100), 4326), 0.000001) AS geom
        FROM new_rows
        WHERE new_rows.visibility = 'public' AND new_rows.status IN ('operational')
         LIMIT ALL OFFSET 0) AS seen
        WHERE NOT ST_IsEmpty(seen.geom)
            RETURNING id, geom
        )
        SELECT array_agg(id), CASE WHEN count(*) <= 500 THEN ARRAY(SELECT unnest(ARRAY[ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom)]) FROM (SELECT * FROM changed) place WHERE NOT ST_IsEmpty(geom)) END INTO items, boxes FROM changed;
    ELSIF TG_OP = 'DELETE' THEN
        WITH changed AS (
            DELETE FROM published.fibre_links WHERE id = ANY (ARRAY(SELECT id FROM old_rows))
            RETURNING id, geom
        )
        SELECT array_agg(id), CASE WHEN count(*) <= 500 THEN ARRAY(SELECT unnest(ARRAY[ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom)]) FROM (SELECT * FROM changed) place WHERE NOT ST_IsEmpty(geom)) END INTO items, boxes FROM changed;
    ELSE
        WITH judged AS MATERIALIZED (
            SELECT n.* FROM new_rows n LEFT JOIN old_rows o ON o.id = n.id
            WHERE o.id IS NULL OR (o.visibility, o.name, o.status, o.route_length_m, o.geom, o.network_id) IS DISTINCT FROM (n.visibility, n.name, n.status, n.route_length_m, n.geom, n.network_id)
        ), wanted AS MATERIALIZED (
        SELECT seen.id, seen.name, seen.status, seen.route_length_m, seen.geom
        FROM (SELECT judged.id AS id, judged.name AS name, judged.status AS status, round(judged.route_length_m / CAST(100 AS NUMERIC)) * 100 AS route_length_m, ST_SnapToGrid(ST_Transform(ST_SnapToGrid(ST_Transform(judged.geom, CAST((SELECT gis.networks.metric_srid
        FROM gis.networks
        WHERE gis.networks.id = judged.network_id) AS INTEGER)), 50, 50, 100, 100), 4326), 0.000001) AS geom
        FROM judged
        WHERE judged.visibility = 'public' AND judged.status IN ('operational')
         LIMIT ALL OFFSET 0) AS seen
        WHERE NOT ST_IsEmpty(seen.geom)
        ), unwanted AS (
            (SELECT id FROM old_rows EXCEPT SELECT id FROM new_rows)
            UNION ALL (SELECT id FROM judged EXCEPT SELECT id FROM wanted)
        ), gone AS (
            DELETE FROM published.fibre_links WHERE id = ANY (ARRAY(SELECT id FROM unwanted))
            RETURNING id, geom
        ), put AS (
            INSERT INTO published.fibre_links AS was (id, name, status, route_length_m, geom) SELECT id, name, status, route_length_m, geom FROM wanted
            ON CONFLICT (id) DO UPDATE SET name = excluded.name, status = excluded.status, route_length_m = excluded.route_length_m, geom = excluded.geom
            WHERE (was.name, was.status, was.route_length_m, was.geom) IS DISTINCT FROM (excluded.name, excluded.status, excluded.route_length_m, excluded.geom)
            RETURNING was.id, was.geom
        ), changed AS (
            SELECT * FROM gone UNION ALL SELECT * FROM put
        )
        SELECT array_agg(id), CASE WHEN count(*) <= 500 THEN ARRAY(SELECT unnest(ARRAY[ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom)]) FROM (SELECT geom FROM changed UNION ALL SELECT geom FROM published.fibre_links WHERE id = ANY (ARRAY(SELECT id FROM changed))) place WHERE NOT ST_IsEmpty(geom)) END INTO items, boxes FROM changed;
    END IF;
    IF cardinality(items) > 0 THEN
        PERFORM internal.touch('fibre_links', 'public',
            CASE WHEN cardinality(items) <= 500 THEN items END, boxes);
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION published.publish_offices() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET enable_nestloop = off
AS $$
DECLARE
    items uuid[];
    boxes double precision[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        WITH changed AS (
            INSERT INTO published.offices (id, name, office_type, theme, connection, ward, geom)
            SELECT seen.id, seen.name, seen.office_type, seen.theme, seen.connection, seen.ward, seen.geom
        FROM (SELECT new_rows.id AS id, new_rows.name AS name, new_rows.office_type AS office_type, new_rows.theme AS theme, new_rows.connection AS connection, new_rows.ward AS ward, new_rows.geom AS geom
        FROM new_rows
        WHERE new_rows.visibility = 'public'
         LIMIT ALL OFFSET 0) AS seen
        WHERE NOT ST_IsEmpty(seen.geom)
            RETURNING id, geom
        )
        SELECT array_agg(id), CASE WHEN count(*) <= 500 THEN ARRAY(SELECT unnest(ARRAY[ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom)]) FROM (SELECT * FROM changed) place WHERE NOT ST_IsEmpty(geom)) END INTO items, boxes FROM changed;
    ELSIF TG_OP = 'DELETE' THEN
        WITH changed AS (
            DELETE FROM published.offices WHERE id = ANY (ARRAY(SELECT id FROM old_rows))
            RETURNING id, geom
        )
        SELECT array_agg(id), CASE WHEN count(*) <= 500 THEN ARRAY(SELECT unnest(ARRAY[ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom)]) FROM (SELECT * FROM changed) place WHERE NOT ST_IsEmpty(geom)) END INTO items, boxes FROM changed;
    ELSE
        WITH judged AS MATERIALIZED (
            SELECT n.* FROM new_rows n LEFT JOIN old_rows o ON o.id = n.id
            WHERE o.id IS NULL OR (o.visibility, o.name, o.office_type, o.theme, o.connection, o.ward, o.geom) IS DISTINCT FROM (n.visibility, n.name, n.office_type, n.theme, n.connection, n.ward, n.geom)
        ), wanted AS MATERIALIZED (
        SELECT seen.id, seen.name, seen.office_type, seen.theme, seen.connection, seen.ward, seen.geom
        FROM (SELECT judged.id AS id, judged.name AS name, judged.office_type AS office_type, judged.theme AS theme, judged.connection AS connection, judged.ward AS ward, judged.geom AS geom
        FROM judged
        WHERE judged.visibility = 'public'
         LIMIT ALL OFFSET 0) AS seen
        WHERE NOT ST_IsEmpty(seen.geom)
        ), unwanted AS (
            (SELECT id FROM old_rows EXCEPT SELECT id FROM new_rows)
            UNION ALL (SELECT id FROM judged EXCEPT SELECT id FROM wanted)
        ), gone AS (
            DELETE FROM published.offices WHERE id = ANY (ARRAY(SELECT id FROM unwanted))
            RETURNING id, geom
        ), put AS (
            INSERT INTO published.offices AS was (id, name, office_type, theme, connection, ward, geom) SELECT id, name, office_type, theme, connection, ward, geom FROM wanted
            ON CONFLICT (id) DO UPDATE SET name = excluded.name, office_type = excluded.office_type, theme = excluded.theme, connection = excluded.connection, ward = excluded.ward, geom = excluded.geom
            WHERE (was.name, was.office_type, was.theme, was.connection, was.ward, was.geom) IS DISTINCT FROM (excluded.name, excluded.office_type, excluded.theme, excluded.connection, excluded.ward, excluded.geom)
            RETURNING was.id, was.geom
        ), changed AS (
            SELECT * FROM gone UNION ALL SELECT * FROM put
        )
        SELECT array_agg(id), CASE WHEN count(*) <= 500 THEN ARRAY(SELECT unnest(ARRAY[ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom)]) FROM (SELECT geom FROM changed UNION ALL SELECT geom FROM published.offices WHERE id = ANY (ARRAY(SELECT id FROM changed))) place WHERE NOT ST_IsEmpty(geom)) END INTO items, boxes FROM changed;
    END IF;
    IF cardinality(items) > 0 THEN
        PERFORM internal.touch('offices', 'public',
            CASE WHEN cardinality(items) <= 500 THEN items END, boxes);
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION published.publish_faults() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET enable_nestloop = off
AS $$
DECLARE
    items uuid[];
    boxes double precision[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        WITH changed AS (
            INSERT INTO published.faults (id, started_at, ward)
            SELECT new_rows.id, new_rows.started_at AS started_at, new_rows.ward AS ward
        FROM new_rows
        WHERE new_rows.visibility = 'public' AND new_rows.cleared_at IS NULL
            RETURNING id
        )
        SELECT array_agg(id), CASE WHEN count(*) <= 500 THEN '{}'::double precision[] END INTO items, boxes FROM changed;
    ELSIF TG_OP = 'DELETE' THEN
        WITH changed AS (
            DELETE FROM published.faults WHERE id = ANY (ARRAY(SELECT id FROM old_rows))
            RETURNING id
        )
        SELECT array_agg(id), CASE WHEN count(*) <= 500 THEN '{}'::double precision[] END INTO items, boxes FROM changed;
    ELSE
        WITH judged AS MATERIALIZED (
            SELECT n.* FROM new_rows n LEFT JOIN old_rows o ON o.id = n.id
            WHERE o.id IS NULL OR (o.visibility, o.started_at, o.ward, o.cleared_at) IS DISTINCT FROM (n.visibility, n.started_at, n.ward, n.cleared_at)
        ), wanted AS MATERIALIZED (
        SELECT judged.id, judged.started_at AS started_at, judged.ward AS ward
        FROM judged
        WHERE judged.visibility = 'public' AND judged.cleared_at IS NULL
        ), unwanted AS (
            (SELECT id FROM old_rows EXCEPT SELECT id FROM new_rows)
            UNION ALL (SELECT id FROM judged EXCEPT SELECT id FROM wanted)
        ), gone AS (
            DELETE FROM published.faults WHERE id = ANY (ARRAY(SELECT id FROM unwanted))
            RETURNING id
        ), put AS (
            INSERT INTO published.faults AS was (id, started_at, ward) SELECT id, started_at, ward FROM wanted
            ON CONFLICT (id) DO UPDATE SET started_at = excluded.started_at, ward = excluded.ward
            WHERE (was.started_at, was.ward) IS DISTINCT FROM (excluded.started_at, excluded.ward)
            RETURNING was.id
        ), changed AS (
            SELECT * FROM gone UNION ALL SELECT * FROM put
        )
        SELECT array_agg(id), CASE WHEN count(*) <= 500 THEN '{}'::double precision[] END INTO items, boxes FROM changed;
    END IF;
    IF cardinality(items) > 0 THEN
        PERFORM internal.touch('faults', 'public',
            CASE WHEN cardinality(items) <= 500 THEN items END, boxes);
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION internal.count_versions() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    mine bigint := NEW.transaction_id;
    public_ones text[] := ARRAY(SELECT collection FROM internal.touched
        WHERE transaction_id = mine AND audience = 'public');
    staff_ones text[] := ARRAY(SELECT collection FROM internal.touched
        WHERE transaction_id = mine AND audience = 'staff');
    public_last timestamptz;
    staff_last timestamptz;
    stamp timestamptz;
BEGIN
    SELECT max(changed_at) INTO public_last FROM (
        SELECT changed_at FROM published.collection_versions
        WHERE collection = ANY (public_ones) ORDER BY collection FOR UPDATE) held;
    SELECT max(changed_at) INTO staff_last FROM (
        SELECT changed_at FROM gis.collection_versions
        WHERE collection = ANY (staff_ones) ORDER BY collection FOR UPDATE) held;
    stamp := greatest(public_last, staff_last);
    IF stamp > clock_timestamp() + interval '5 minutes' THEN
        stamp := NULL;
    END IF;
    stamp := greatest(clock_timestamp(), stamp);
    UPDATE published.collection_versions SET version = version + 1, changed_at = stamp
    WHERE collection = ANY (public_ones);
    UPDATE gis.collection_versions SET version = version + 1, changed_at = stamp
    WHERE collection = ANY (staff_ones);
    INSERT INTO published.collection_changes (collection, version, items, boxes)
    SELECT collection, version, items, boxes
    FROM internal.touched JOIN published.collection_versions USING (collection)
    WHERE transaction_id = mine AND audience = 'public';
    INSERT INTO gis.collection_changes (collection, version, items, boxes)
    SELECT collection, version, items, boxes
    FROM internal.touched JOIN gis.collection_versions USING (collection)
    WHERE transaction_id = mine AND audience = 'staff';
    DELETE FROM published.collection_changes past USING published.collection_versions latest
    WHERE past.collection = ANY (public_ones)
        AND latest.collection = past.collection
        AND past.version <= latest.version - 500;
    DELETE FROM gis.collection_changes past USING gis.collection_versions latest
    WHERE past.collection = ANY (staff_ones)
        AND latest.collection = past.collection
        AND past.version <= latest.version - 500;
    PERFORM pg_notify('gis_changes', '');
    INSERT INTO history.transactions (transaction_id, began_at, committed_at)
    VALUES (mine, now(), stamp) ON CONFLICT DO NOTHING;
    DELETE FROM internal.touched WHERE transaction_id = mine;
    RETURN NULL;
END
$$;
