-- Field operations with their answers, settled conflicts, photos. Nothing wrote these tables before.

ALTER TABLE internal.attachments
    ADD COLUMN sent_sha256 TEXT NOT NULL,
    ADD COLUMN operation_id UUID,
    ADD COLUMN content BYTEA NOT NULL;

ALTER TABLE internal.operations
    ALTER COLUMN outcome SET DEFAULT 'waiting',
    ALTER COLUMN outcome SET NOT NULL,
    ADD COLUMN sent_at TIMESTAMP WITH TIME ZONE,
    ADD COLUMN role TEXT NOT NULL,
    ADD COLUMN content_sha256 BYTEA NOT NULL,
    ADD COLUMN answer JSONB,
    ADD CONSTRAINT operations_outcome_check
        CHECK (outcome IN ('waiting', 'applied', 'merged', 'conflict', 'refused')),
    ADD CONSTRAINT operations_role_check CHECK (role IN ('technician', 'planner', 'admin'));

CREATE INDEX operations_waiting_idx ON internal.operations (received_at)
    WHERE outcome = 'waiting';

ALTER TABLE internal.conflicts ADD COLUMN settlement JSONB;
