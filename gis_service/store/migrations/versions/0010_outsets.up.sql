-- What a load would begin with if it came again.

ALTER TABLE internal.loads ADD COLUMN outset TEXT;

CREATE INDEX loads_outset_idx ON internal.loads (outset) WHERE outset IS NOT NULL;
