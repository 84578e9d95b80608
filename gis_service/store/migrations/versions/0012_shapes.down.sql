ALTER TABLE gis.population DROP CONSTRAINT population_geom_check;

ALTER TABLE gis.wards DROP CONSTRAINT wards_geom_check;
