-- Scopes: the municipalities or counties that share one installation.

CREATE TABLE internal.scopes (
	id SMALLINT GENERATED ALWAYS AS IDENTITY, 
	name TEXT NOT NULL, 
	title TEXT NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	CONSTRAINT scopes_pkey PRIMARY KEY (id), 
	CONSTRAINT scopes_name_key UNIQUE (name), 
	CONSTRAINT scopes_id_check CHECK (id > 0)
);

CREATE TABLE internal.scope_networks (
	network_id UUID NOT NULL, 
	scope_id SMALLINT NOT NULL, 
	CONSTRAINT scope_networks_pkey PRIMARY KEY (network_id), 
	CONSTRAINT scope_networks_network_id_fkey FOREIGN KEY(network_id) REFERENCES gis.networks (id), 
	CONSTRAINT scope_networks_scope_id_fkey FOREIGN KEY(scope_id) REFERENCES internal.scopes (id)
);

CREATE INDEX scope_networks_scope_id_idx ON internal.scope_networks (scope_id);

CREATE TABLE internal.scope_wards (
	code TEXT NOT NULL, 
	scope_id SMALLINT NOT NULL, 
	CONSTRAINT scope_wards_pkey PRIMARY KEY (code), 
	CONSTRAINT scope_wards_scope_id_fkey FOREIGN KEY(scope_id) REFERENCES internal.scopes (id)
);

CREATE INDEX scope_wards_scope_id_idx ON internal.scope_wards (scope_id);

ALTER TABLE internal.api_keys ADD COLUMN scope_id SMALLINT
    CONSTRAINT api_keys_scope_id_fkey REFERENCES internal.scopes (id);

ALTER TABLE internal.loads ADD COLUMN scope_id SMALLINT;

ALTER TABLE internal.loads ALTER COLUMN scope_id
    SET DEFAULT (substring(session_user FROM '_scoped_[a-z]+_([0-9]+)$'))::smallint;

ALTER TABLE internal.jobs ADD COLUMN scope_id SMALLINT;

ALTER TABLE internal.jobs ALTER COLUMN scope_id
    SET DEFAULT (substring(session_user FROM '_scoped_[a-z]+_([0-9]+)$'))::smallint;

ALTER TABLE internal.attachments ADD COLUMN scope_id SMALLINT;

ALTER TABLE internal.attachments ALTER COLUMN scope_id
    SET DEFAULT (substring(session_user FROM '_scoped_[a-z]+_([0-9]+)$'))::smallint;

ALTER TABLE internal.operations ADD COLUMN scope_id SMALLINT;

ALTER TABLE internal.operations ALTER COLUMN scope_id
    SET DEFAULT (substring(session_user FROM '_scoped_[a-z]+_([0-9]+)$'))::smallint;

ALTER TABLE internal.conflicts ADD COLUMN scope_id SMALLINT;

ALTER TABLE internal.conflicts ALTER COLUMN scope_id
    SET DEFAULT (substring(session_user FROM '_scoped_[a-z]+_([0-9]+)$'))::smallint;

ALTER TABLE internal.answers ADD COLUMN scope_id SMALLINT;

ALTER TABLE internal.answers ALTER COLUMN scope_id
    SET DEFAULT (substring(session_user FROM '_scoped_[a-z]+_([0-9]+)$'))::smallint;

ALTER TABLE internal.uploads ADD COLUMN scope_id SMALLINT;

ALTER TABLE internal.uploads ALTER COLUMN scope_id
    SET DEFAULT (substring(session_user FROM '_scoped_[a-z]+_([0-9]+)$'))::smallint;

ALTER TABLE gis.collection_versions ADD COLUMN scope_id SMALLINT DEFAULT 0 NOT NULL;

ALTER TABLE gis.collection_versions DROP CONSTRAINT collection_versions_pkey;

ALTER TABLE gis.collection_versions ADD CONSTRAINT collection_versions_pkey
    PRIMARY KEY (collection, scope_id);

ALTER TABLE gis.collection_changes ADD COLUMN scope_id SMALLINT DEFAULT 0 NOT NULL;

ALTER TABLE gis.collection_changes DROP CONSTRAINT collection_changes_pkey;

ALTER TABLE gis.collection_changes ADD CONSTRAINT collection_changes_pkey
    PRIMARY KEY (collection, version, scope_id);

CREATE OR REPLACE FUNCTION internal.count_versions() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    mine bigint := NEW.transaction_id;
    public_ones text[] := ARRAY(SELECT collection FROM internal.touched
        WHERE transaction_id = mine AND audience = 'public');
    public_last timestamptz;
    staff_last timestamptz;
    stamp timestamptz;
BEGIN
    SELECT max(changed_at) INTO public_last FROM (
        SELECT changed_at FROM published.collection_versions
        WHERE collection = ANY (public_ones) ORDER BY collection FOR UPDATE) held;
    SELECT max(changed_at) INTO staff_last FROM (
        SELECT changed_at FROM gis.collection_versions
        WHERE (collection, scope_id) IN (SELECT t.collection, CASE WHEN t.audience = 'staff' THEN 0 WHEN t.audience ~ '^[0-9]+$' THEN t.audience::smallint END FROM internal.touched t WHERE t.transaction_id = mine)
        ORDER BY collection, scope_id FOR UPDATE) held;
    stamp := greatest(public_last, staff_last);
    IF stamp > clock_timestamp() + interval '5 minutes' THEN
        stamp := NULL;
    END IF;
    stamp := greatest(clock_timestamp(), stamp);
    UPDATE published.collection_versions SET version = version + 1, changed_at = stamp
    WHERE collection = ANY (public_ones);
    UPDATE gis.collection_versions SET version = version + 1, changed_at = stamp
    WHERE (collection, scope_id) IN (SELECT t.collection, CASE WHEN t.audience = 'staff' THEN 0 WHEN t.audience ~ '^[0-9]+$' THEN t.audience::smallint END FROM internal.touched t WHERE t.transaction_id = mine);
    INSERT INTO published.collection_changes (collection, version, items, boxes)
    SELECT collection, version, items, boxes
    FROM internal.touched JOIN published.collection_versions USING (collection)
    WHERE transaction_id = mine AND audience = 'public';
    INSERT INTO gis.collection_changes (collection, scope_id, version, items, boxes)
    SELECT t.collection, v.scope_id, v.version, t.items, t.boxes
    FROM internal.touched t JOIN gis.collection_versions v
        ON v.collection = t.collection AND v.scope_id = CASE WHEN t.audience = 'staff' THEN 0 WHEN t.audience ~ '^[0-9]+$' THEN t.audience::smallint END
    WHERE t.transaction_id = mine;
    DELETE FROM published.collection_changes past USING published.collection_versions latest
    WHERE past.collection = ANY (public_ones)
        AND latest.collection = past.collection
        AND past.version <= latest.version - 500;
    DELETE FROM gis.collection_changes past USING gis.collection_versions latest
    WHERE (past.collection, past.scope_id) IN (SELECT t.collection, CASE WHEN t.audience = 'staff' THEN 0 WHEN t.audience ~ '^[0-9]+$' THEN t.audience::smallint END FROM internal.touched t WHERE t.transaction_id = mine)
        AND latest.collection = past.collection AND latest.scope_id = past.scope_id
        AND past.version <= latest.version - 500;
    PERFORM pg_notify('gis_changes', '');
    INSERT INTO history.transactions (transaction_id, began_at, committed_at)
    VALUES (mine, now(), stamp) ON CONFLICT DO NOTHING;
    DELETE FROM internal.touched WHERE transaction_id = mine;
    RETURN NULL;
END
$$;

CREATE FUNCTION internal.own_networks() RETURNS uuid[]
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
    SELECT coalesce(array_agg(network_id), '{}'::uuid[]) FROM internal.scope_networks
    WHERE scope_id = (substring(session_user FROM '_scoped_[a-z]+_([0-9]+)$'))::smallint
$$;

CREATE FUNCTION internal.is_own_item(collection text, item uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    found uuid;
BEGIN
    IF collection IN ('organisations', 'phases', 'contracts', 'wayleaves', 'network_nodes', 'fibre_links', 'structures', 'offices', 'equipment', 'work_log', 'measurements', 'faults', 'scenarios') THEN
        EXECUTE format('SELECT network_id FROM gis.%I WHERE id = $1', collection)
        INTO found USING item;
    END IF;
    RETURN coalesce(found = ANY (internal.own_networks()), false);
END
$$;

CREATE FUNCTION internal.is_own_place(
    ward text, lon double precision, lat double precision
) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
    SELECT EXISTS (
        SELECT FROM internal.scope_wards own
        WHERE own.scope_id = (substring(session_user FROM '_scoped_[a-z]+_([0-9]+)$'))::smallint AND own.code = coalesce(
            gis.ward_of(ST_SetSRID(ST_MakePoint(lon, lat), 4326)), ward))
$$;

CREATE FUNCTION internal.touch_scopes() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    changed text := CASE TG_OP WHEN 'INSERT' THEN 'TABLE new_rows'
        WHEN 'DELETE' THEN 'TABLE old_rows'
        ELSE 'TABLE old_rows UNION ALL TABLE new_rows' END;
    networks uuid[];
    here bigint := pg_current_xact_id()::text::bigint;
    whole boolean := false;
BEGIN
    IF TG_NARGS = 0 THEN
        EXECUTE format('SELECT EXISTS (%s)', changed) INTO whole;
    ELSE
        EXECUTE format('SELECT array_agg(DISTINCT n) FROM (%s) r, unnest(%s) n', changed,
            TG_ARGV[0]) INTO networks;
    END IF;
    INSERT INTO internal.touched (transaction_id, collection, audience)
    SELECT here, TG_TABLE_NAME, id::text FROM internal.scopes
    WHERE whole OR id IN (SELECT scope_id FROM internal.scope_networks
        WHERE network_id = ANY (networks))
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
