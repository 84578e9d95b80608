DROP TABLE history.node_joins;
DROP TABLE gis.node_joins;
DROP FUNCTION history.record_node_joins();
DELETE FROM gis.collection_changes WHERE collection = 'node_joins';
DELETE FROM gis.collection_versions WHERE collection = 'node_joins';
