-- Nodes of two networks that stand at one place.

CREATE TABLE gis.node_joins (
	id UUID DEFAULT gen_random_uuid() NOT NULL,
	external_id TEXT DEFAULT gen_random_uuid()::text NOT NULL,
	name TEXT NOT NULL,
	node_a UUID NOT NULL,
	node_b UUID NOT NULL,
	decision TEXT NOT NULL,
	distance_m DOUBLE PRECISION,
	score DOUBLE PRECISION,
	note TEXT,
	decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
	by UUID,
	visibility TEXT DEFAULT 'public' NOT NULL,
	version INTEGER DEFAULT 1 NOT NULL,
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
	extra JSONB,
	geom geometry(POINT,4326) NOT NULL,
	tile_geom geometry(POINT,3857) GENERATED ALWAYS AS (ST_Transform(geom, 3857)) STORED,
	search_text TEXT GENERATED ALWAYS AS (published.fold(coalesce(external_id, '') || ' ' || coalesce(name, ''))) STORED,
	CONSTRAINT node_joins_pkey PRIMARY KEY (id),
	CONSTRAINT node_joins_external_id_key UNIQUE (external_id),
	CONSTRAINT node_joins_visibility_check CHECK (visibility IN ('public', 'staff')),
	CONSTRAINT node_joins_decision_check CHECK (decision IN ('confirmed', 'rejected')),
	CONSTRAINT node_joins_distance_m_check CHECK (distance_m >= 0),
	CONSTRAINT node_joins_score_check CHECK (score >= 0 AND score <= 1),
	CONSTRAINT node_joins_node_a_fkey FOREIGN KEY(node_a) REFERENCES gis.network_nodes (id) DEFERRABLE INITIALLY DEFERRED,
	CONSTRAINT node_joins_node_b_fkey FOREIGN KEY(node_b) REFERENCES gis.network_nodes (id) DEFERRABLE INITIALLY DEFERRED
);

CREATE INDEX node_joins_geom_idx ON gis.node_joins USING gist (geom);

CREATE INDEX node_joins_node_a_idx ON gis.node_joins (node_a);

CREATE INDEX node_joins_node_b_idx ON gis.node_joins (node_b);

CREATE INDEX node_joins_search_idx ON gis.node_joins USING gin (search_text public.gin_trgm_ops);

CREATE TABLE history.node_joins (
	id UUID NOT NULL,
	seq BIGINT GENERATED ALWAYS AS IDENTITY,
	operation TEXT NOT NULL,
	began_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
	transaction_id BIGINT NOT NULL,
	person_id UUID,
	request_id TEXT,
	external_id TEXT,
	name TEXT,
	node_a UUID,
	node_b UUID,
	decision TEXT,
	distance_m DOUBLE PRECISION,
	score DOUBLE PRECISION,
	note TEXT,
	decided_at TIMESTAMP WITH TIME ZONE,
	by UUID,
	visibility TEXT,
	version INTEGER,
	updated_at TIMESTAMP WITH TIME ZONE,
	extra JSONB,
	geom geometry(POINT,4326) NOT NULL,
	CONSTRAINT node_joins_pkey PRIMARY KEY (id, seq)
);

CREATE INDEX node_joins_transaction_id_idx ON history.node_joins USING brin (transaction_id);

CREATE FUNCTION history.record_node_joins() RETURNS trigger
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
        INSERT INTO history.node_joins (operation, transaction_id, person_id, request_id, id, external_id, name, node_a, node_b, decision, distance_m, score, note, decided_at, by, visibility, version, updated_at, extra, geom)
        SELECT 'delete', here, who, what, id, external_id, name, node_a, node_b, decision, distance_m, score, note, decided_at, by, visibility, version, updated_at, extra, geom FROM old_rows;
        items := ARRAY(SELECT id FROM old_rows);
        IF cardinality(items) > 0 THEN
            PERFORM internal.touch('node_joins', 'staff', CASE WHEN cardinality(items) <= 500 THEN items END, CASE WHEN cardinality(items) <= 500 THEN ARRAY(SELECT unnest(ARRAY[ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom)]) FROM (SELECT geom FROM old_rows WHERE id = ANY (items)) place WHERE NOT ST_IsEmpty(geom)) END);
        END IF;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO history.node_joins (operation, transaction_id, person_id, request_id, id, external_id, name, node_a, node_b, decision, distance_m, score, note, decided_at, by, visibility, version, updated_at, extra, geom)
        SELECT 'insert', here, who, what, id, external_id, name, node_a, node_b, decision, distance_m, score, note, decided_at, by, visibility, version, updated_at, extra, geom FROM new_rows;
        items := ARRAY(SELECT id FROM new_rows);
        IF cardinality(items) > 0 THEN
            PERFORM internal.touch('node_joins', 'staff', CASE WHEN cardinality(items) <= 500 THEN items END, CASE WHEN cardinality(items) <= 500 THEN ARRAY(SELECT unnest(ARRAY[ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom)]) FROM (SELECT geom FROM new_rows WHERE id = ANY (items)) place WHERE NOT ST_IsEmpty(geom)) END);
        END IF;
    ELSE
        WITH gone AS (
            INSERT INTO history.node_joins (operation, transaction_id, person_id, request_id, id, external_id, name, node_a, node_b, decision, distance_m, score, note, decided_at, by, visibility, version, updated_at, extra, geom)
            SELECT 'delete', here, who, what, o.id, o.external_id, o.name, o.node_a, o.node_b, o.decision, o.distance_m, o.score, o.note, o.decided_at, o.by, o.visibility, o.version, o.updated_at, o.extra, o.geom
            FROM old_rows o LEFT JOIN new_rows n ON n.id = o.id WHERE n.id IS NULL
            RETURNING id
        )
        SELECT array_agg(id) INTO items FROM gone;
        WITH changed AS (
            INSERT INTO history.node_joins (operation, transaction_id, person_id, request_id, id, external_id, name, node_a, node_b, decision, distance_m, score, note, decided_at, by, visibility, version, updated_at, extra, geom)
            SELECT CASE WHEN o.id IS NULL THEN 'insert' ELSE 'update' END, here, who, what, n.id, n.external_id, n.name, n.node_a, n.node_b, n.decision, n.distance_m, n.score, n.note, n.decided_at, n.by, n.visibility, n.version, n.updated_at, n.extra, n.geom
            FROM new_rows n LEFT JOIN old_rows o ON o.id = n.id WHERE o.id IS NULL OR n *<> o
            RETURNING id
        )
        SELECT items || array_agg(id) INTO items FROM changed;
        IF cardinality(items) > 0 THEN
            PERFORM internal.touch('node_joins', 'staff', CASE WHEN cardinality(items) <= 500 THEN items END, CASE WHEN cardinality(items) <= 500 THEN ARRAY(SELECT unnest(ARRAY[ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom)]) FROM (SELECT geom FROM old_rows WHERE id = ANY (items) UNION ALL SELECT geom FROM new_rows WHERE id = ANY (items)) place WHERE NOT ST_IsEmpty(geom)) END);
        END IF;
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER b_history_insert AFTER INSERT ON gis.node_joins REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION history.record_node_joins();

CREATE TRIGGER b_history_update AFTER UPDATE ON gis.node_joins REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION history.record_node_joins();

CREATE TRIGGER b_history_delete AFTER DELETE ON gis.node_joins REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION history.record_node_joins();

CREATE TRIGGER a_never_truncate BEFORE TRUNCATE ON gis.node_joins FOR EACH STATEMENT EXECUTE FUNCTION history.refuse();

CREATE TRIGGER a_never_truncate BEFORE TRUNCATE ON history.node_joins FOR EACH STATEMENT EXECUTE FUNCTION history.refuse();

CREATE TRIGGER a_append_only BEFORE UPDATE OR DELETE ON history.node_joins FOR EACH STATEMENT EXECUTE FUNCTION history.refuse();

INSERT INTO gis.collection_versions (collection) VALUES ('node_joins');
