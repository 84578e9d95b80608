DROP TABLE
    gis.networks,
    gis.organisations,
    gis.phases,
    gis.contracts,
    gis.wayleaves,
    gis.wards,
    gis.roads,
    gis.population,
    gis.network_nodes,
    gis.fibre_links,
    gis.structures,
    gis.offices,
    gis.equipment,
    gis.work_log,
    gis.measurements,
    gis.faults,
    gis.scenarios,
    gis.collection_versions
    CASCADE;

DROP FUNCTION gis.hold_wards, gis.network_is_fixed, gis.set_ward, gis.ward_of, gis.wards_moved;

DROP SCHEMA published, history, internal CASCADE;
