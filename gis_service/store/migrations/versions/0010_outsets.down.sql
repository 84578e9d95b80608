ALTER TABLE internal.loads DROP COLUMN outset;
