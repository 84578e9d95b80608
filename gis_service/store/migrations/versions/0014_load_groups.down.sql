ALTER TABLE internal.loads DROP COLUMN place, DROP COLUMN group_id;

DROP TABLE internal.load_groups;
