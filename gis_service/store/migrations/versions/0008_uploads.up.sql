-- Files that come in through the browser.

CREATE TABLE internal.uploads (
	id UUID DEFAULT gen_random_uuid() NOT NULL,
	source TEXT NOT NULL,
	bytes BIGINT NOT NULL,
	sha256 TEXT NOT NULL,
	person_id UUID,
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
	inspect_job UUID NOT NULL,
	trial_job UUID,
	load_job UUID,
	removed_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT uploads_pkey PRIMARY KEY (id)
);

CREATE INDEX uploads_created_at_idx ON internal.uploads (created_at);
