-- Loads by parts: what holds the parts of one file together.

CREATE TABLE internal.load_groups (
	id UUID DEFAULT gen_random_uuid() NOT NULL,
	collection TEXT NOT NULL,
	network_id UUID,
	source TEXT NOT NULL,
	sha256 TEXT NOT NULL,
	asked TEXT NOT NULL,
	part_rows INTEGER NOT NULL,
	rows BIGINT NOT NULL,
	learned JSONB NOT NULL,
	began_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
	ended_at TIMESTAMP WITH TIME ZONE,
	scope_id SMALLINT DEFAULT (substring(session_user FROM '_scoped_[a-z]+_([0-9]+)$'))::smallint,
	CONSTRAINT load_groups_pkey PRIMARY KEY (id)
);

CREATE INDEX load_groups_open_idx ON internal.load_groups (collection, source) WHERE ended_at IS NULL;

ALTER TABLE internal.loads ADD COLUMN group_id UUID CONSTRAINT loads_group_id_fkey REFERENCES internal.load_groups (id);

ALTER TABLE internal.loads ADD COLUMN place INTEGER;

CREATE UNIQUE INDEX loads_group_id_idx ON internal.loads (group_id, place) WHERE group_id IS NOT NULL;
