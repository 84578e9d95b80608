-- Citizens' reports, and publications.

CREATE TABLE published.publications (
	number BIGINT NOT NULL,
	published_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
	versions JSONB NOT NULL,
	CONSTRAINT publications_pkey PRIMARY KEY (number)
);

CREATE TABLE internal.publication_notes (
	number BIGINT NOT NULL,
	person_id UUID,
	note TEXT,
	counts JSONB NOT NULL,
	CONSTRAINT publication_notes_pkey PRIMARY KEY (number),
	CONSTRAINT publication_notes_number_fkey FOREIGN KEY(number) REFERENCES published.publications (number)
);

CREATE TABLE internal.published_rows (
	collection TEXT NOT NULL,
	id UUID NOT NULL,
	digest BYTEA NOT NULL,
	CONSTRAINT published_rows_pkey PRIMARY KEY (collection, id)
);

CREATE TABLE internal.reports (
	reference TEXT NOT NULL,
	kind TEXT NOT NULL,
	description TEXT NOT NULL,
	place TEXT,
	ward TEXT,
	lon DOUBLE PRECISION,
	lat DOUBLE PRECISION,
	uncertainty_m DOUBLE PRECISION,
	contact TEXT,
	language TEXT NOT NULL,
	fingerprint BYTEA NOT NULL,
	received_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
	accepted_at TIMESTAMP WITH TIME ZONE,
	refused_at TIMESTAMP WITH TIME ZONE,
	mended_at TIMESTAMP WITH TIME ZONE,
	answer TEXT,
	fault_id UUID,
	settled_by UUID,
	CONSTRAINT reports_pkey PRIMARY KEY (reference),
	CONSTRAINT reports_reference_check CHECK (length(reference) = 9),
	CONSTRAINT reports_settled_once_check CHECK (accepted_at IS NULL OR refused_at IS NULL)
);

CREATE INDEX reports_fault_id_idx ON internal.reports (fault_id);

CREATE INDEX reports_fingerprint_idx ON internal.reports (fingerprint);

CREATE INDEX reports_received_at_idx ON internal.reports (received_at);

CREATE FUNCTION internal.mend_reports() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    UPDATE internal.reports told SET mended_at = n.cleared_at FROM new_rows n
    WHERE told.fault_id = n.id AND told.mended_at IS DISTINCT FROM n.cleared_at;
    RETURN NULL;
END
$$;

CREATE TRIGGER d_mend_reports AFTER UPDATE ON gis.faults REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION internal.mend_reports();
