ALTER TABLE internal.conflicts DROP COLUMN settlement;

DROP INDEX internal.operations_waiting_idx;

ALTER TABLE internal.operations
    DROP COLUMN answer,
    DROP COLUMN content_sha256,
    DROP CONSTRAINT operations_role_check,
    DROP COLUMN role,
    DROP COLUMN sent_at,
    DROP CONSTRAINT operations_outcome_check,
    ALTER COLUMN outcome DROP NOT NULL,
    ALTER COLUMN outcome DROP DEFAULT;

ALTER TABLE internal.attachments
    DROP COLUMN content,
    DROP COLUMN operation_id,
    DROP COLUMN sent_sha256;
