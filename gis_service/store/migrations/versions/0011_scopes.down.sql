DROP FUNCTION internal.touch_scopes();

DROP FUNCTION internal.is_own_place(text, double precision, double precision);

DROP FUNCTION internal.is_own_item(text, uuid);

DROP FUNCTION internal.own_networks();

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

DELETE FROM gis.collection_changes WHERE scope_id <> 0;

ALTER TABLE gis.collection_changes DROP CONSTRAINT collection_changes_pkey;

ALTER TABLE gis.collection_changes DROP COLUMN scope_id;

ALTER TABLE gis.collection_changes ADD CONSTRAINT collection_changes_pkey
    PRIMARY KEY (collection, version);

DELETE FROM gis.collection_versions WHERE scope_id <> 0;

ALTER TABLE gis.collection_versions DROP CONSTRAINT collection_versions_pkey;

ALTER TABLE gis.collection_versions DROP COLUMN scope_id;

ALTER TABLE gis.collection_versions ADD CONSTRAINT collection_versions_pkey
    PRIMARY KEY (collection);

ALTER TABLE internal.uploads DROP COLUMN scope_id;

ALTER TABLE internal.answers DROP COLUMN scope_id;

ALTER TABLE internal.conflicts DROP COLUMN scope_id;

ALTER TABLE internal.operations DROP COLUMN scope_id;

ALTER TABLE internal.attachments DROP COLUMN scope_id;

ALTER TABLE internal.jobs DROP COLUMN scope_id;

ALTER TABLE internal.loads DROP COLUMN scope_id;

ALTER TABLE internal.api_keys DROP COLUMN scope_id;

DROP TABLE internal.scope_wards;

DROP TABLE internal.scope_networks;

DROP TABLE internal.scopes;
