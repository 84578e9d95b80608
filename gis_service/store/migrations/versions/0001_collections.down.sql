DROP TABLE gis.fibre_links, gis.offices, gis.network_nodes, gis.phases, gis.organisations,
    gis.networks, gis.roads, gis.wards;
