-- The record of acts that change no item, kept as history is; and a way to take what is
-- personal out of history.

CREATE TABLE history.acts (
	seq BIGINT GENERATED ALWAYS AS IDENTITY,
	at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
	kind TEXT NOT NULL,
	person_id UUID,
	request_id TEXT,
	subject_id UUID,
	details JSONB DEFAULT '{}' NOT NULL,
	CONSTRAINT acts_pkey PRIMARY KEY (seq)
);

CREATE INDEX acts_at_idx ON history.acts (at);

CREATE OR REPLACE FUNCTION history.refuse() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND current_setting('gis.erasing', true) = 'on' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION '% is not allowed on %.%: history is only added to',
        TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER a_never_truncate BEFORE TRUNCATE ON history.acts FOR EACH STATEMENT EXECUTE FUNCTION history.refuse();
CREATE TRIGGER a_append_only BEFORE UPDATE OR DELETE ON history.acts FOR EACH STATEMENT EXECUTE FUNCTION history.refuse();
