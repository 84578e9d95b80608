-- The geometry in Web Mercator, for tiles: computed when a row is written.

ALTER TABLE gis.wards ADD COLUMN tile_geom geometry(MULTIPOLYGON,3857)
    GENERATED ALWAYS AS (ST_Transform(geom, 3857)) STORED;
ALTER TABLE gis.roads ADD COLUMN tile_geom geometry(LINESTRING,3857)
    GENERATED ALWAYS AS (ST_Transform(geom, 3857)) STORED;
ALTER TABLE gis.population ADD COLUMN tile_geom geometry(MULTIPOLYGON,3857)
    GENERATED ALWAYS AS (ST_Transform(geom, 3857)) STORED;
ALTER TABLE gis.network_nodes ADD COLUMN tile_geom geometry(POINT,3857)
    GENERATED ALWAYS AS (ST_Transform(geom, 3857)) STORED;
ALTER TABLE gis.fibre_links ADD COLUMN tile_geom geometry(LINESTRING,3857)
    GENERATED ALWAYS AS (ST_Transform(geom, 3857)) STORED;
ALTER TABLE gis.structures ADD COLUMN tile_geom geometry(POINT,3857)
    GENERATED ALWAYS AS (ST_Transform(geom, 3857)) STORED;
ALTER TABLE gis.offices ADD COLUMN tile_geom geometry(POINT,3857)
    GENERATED ALWAYS AS (ST_Transform(geom, 3857)) STORED;
ALTER TABLE gis.faults ADD COLUMN tile_geom geometry(POINT,3857)
    GENERATED ALWAYS AS (ST_Transform(geom, 3857)) STORED;
ALTER TABLE published.wards ADD COLUMN tile_geom geometry(MULTIPOLYGON,3857)
    GENERATED ALWAYS AS (ST_Transform(geom, 3857)) STORED;
ALTER TABLE published.roads ADD COLUMN tile_geom geometry(LINESTRING,3857)
    GENERATED ALWAYS AS (ST_Transform(geom, 3857)) STORED;
ALTER TABLE published.network_nodes ADD COLUMN tile_geom geometry(POINT,3857)
    GENERATED ALWAYS AS (ST_Transform(geom, 3857)) STORED;
ALTER TABLE published.fibre_links ADD COLUMN tile_geom geometry(LINESTRING,3857)
    GENERATED ALWAYS AS (ST_Transform(geom, 3857)) STORED;
ALTER TABLE published.offices ADD COLUMN tile_geom geometry(POINT,3857)
    GENERATED ALWAYS AS (ST_Transform(geom, 3857)) STORED;
