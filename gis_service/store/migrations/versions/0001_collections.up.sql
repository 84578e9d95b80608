CREATE TABLE gis.networks (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    external_id TEXT DEFAULT gen_random_uuid()::text NOT NULL,
    name TEXT NOT NULL,
    extent JSONB NOT NULL,
    metric_srid BIGINT NOT NULL,
    synthetic BOOLEAN NOT NULL,
    visibility TEXT DEFAULT 'public' NOT NULL,
    version INTEGER DEFAULT 1 NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    extra JSONB,
    CONSTRAINT networks_pkey PRIMARY KEY (id),
    CONSTRAINT networks_external_id_key UNIQUE (external_id),
    CONSTRAINT networks_visibility_check CHECK (visibility IN ('public', 'staff')),
    CONSTRAINT networks_metric_srid_check CHECK (metric_srid >= 1024 AND metric_srid <= 32767)
);

CREATE TABLE gis.roads (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    external_id TEXT DEFAULT gen_random_uuid()::text NOT NULL,
    name TEXT,
    road_class TEXT,
    source TEXT,
    visibility TEXT DEFAULT 'public' NOT NULL,
    version INTEGER DEFAULT 1 NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    extra JSONB,
    geom geometry(LINESTRING,4326) NOT NULL,
    CONSTRAINT roads_pkey PRIMARY KEY (id),
    CONSTRAINT roads_external_id_key UNIQUE (external_id),
    CONSTRAINT roads_visibility_check CHECK (visibility IN ('public', 'staff'))
);

CREATE INDEX roads_geom_idx ON gis.roads USING gist (geom);

CREATE TABLE gis.wards (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    constituency TEXT,
    population BIGINT,
    population_year BIGINT,
    source TEXT,
    outline_approximate BOOLEAN,
    visibility TEXT DEFAULT 'public' NOT NULL,
    version INTEGER DEFAULT 1 NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    extra JSONB,
    geom geometry(MULTIPOLYGON,4326) NOT NULL,
    CONSTRAINT wards_pkey PRIMARY KEY (id),
    CONSTRAINT wards_code_key UNIQUE (code),
    CONSTRAINT wards_visibility_check CHECK (visibility IN ('public', 'staff')),
    CONSTRAINT wards_population_check CHECK (population >= 0),
    CONSTRAINT wards_population_year_check CHECK (population_year >= 1800 AND population_year <= 2200)
);

CREATE INDEX wards_geom_idx ON gis.wards USING gist (geom);

CREATE TABLE gis.organisations (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    network_id UUID NOT NULL,
    external_id TEXT DEFAULT gen_random_uuid()::text NOT NULL,
    name TEXT NOT NULL,
    roles TEXT[],
    country TEXT,
    website TEXT,
    visibility TEXT DEFAULT 'public' NOT NULL,
    version INTEGER DEFAULT 1 NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    extra JSONB,
    CONSTRAINT organisations_pkey PRIMARY KEY (id),
    CONSTRAINT organisations_network_id_external_id_key UNIQUE (network_id, external_id),
    CONSTRAINT organisations_visibility_check CHECK (visibility IN ('public', 'staff')),
    CONSTRAINT organisations_network_id_fkey FOREIGN KEY(network_id) REFERENCES gis.networks (id)
);

CREATE TABLE gis.phases (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    network_id UUID NOT NULL,
    external_id TEXT DEFAULT gen_random_uuid()::text NOT NULL,
    name TEXT NOT NULL,
    description TEXT,
    starts_on DATE,
    ends_on DATE,
    funders UUID[],
    visibility TEXT DEFAULT 'public' NOT NULL,
    version INTEGER DEFAULT 1 NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    extra JSONB,
    CONSTRAINT phases_pkey PRIMARY KEY (id),
    CONSTRAINT phases_network_id_external_id_key UNIQUE (network_id, external_id),
    CONSTRAINT phases_visibility_check CHECK (visibility IN ('public', 'staff')),
    CONSTRAINT phases_network_id_fkey FOREIGN KEY(network_id) REFERENCES gis.networks (id)
);

CREATE TABLE gis.network_nodes (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    network_id UUID NOT NULL,
    external_id TEXT DEFAULT gen_random_uuid()::text NOT NULL,
    name TEXT NOT NULL,
    status TEXT NOT NULL,
    type TEXT[],
    infrastructure TEXT,
    public_wifi BOOLEAN GENERATED ALWAYS AS (coalesce(infrastructure = 'wifiAccessPoint', false)) STORED,
    gateway BOOLEAN,
    access_point BOOLEAN,
    spare_capacity BOOLEAN,
    power BOOLEAN,
    technologies TEXT[],
    owner UUID,
    providers UUID[],
    phase UUID,
    address JSONB,
    accuracy_m DOUBLE PRECISION,
    slack_m DOUBLE PRECISION,
    visibility TEXT DEFAULT 'public' NOT NULL,
    version INTEGER DEFAULT 1 NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    extra JSONB,
    geom geometry(POINT,4326) NOT NULL,
    CONSTRAINT network_nodes_pkey PRIMARY KEY (id),
    CONSTRAINT network_nodes_network_id_external_id_key UNIQUE (network_id, external_id),
    CONSTRAINT network_nodes_visibility_check CHECK (visibility IN ('public', 'staff')),
    CONSTRAINT network_nodes_status_check CHECK (status IN ('proposed', 'planned', 'underConstruction', 'inactive', 'operational', 'decommissioned')),
    CONSTRAINT network_nodes_accuracy_m_check CHECK (accuracy_m >= 0),
    CONSTRAINT network_nodes_slack_m_check CHECK (slack_m >= 0),
    CONSTRAINT network_nodes_network_id_fkey FOREIGN KEY(network_id) REFERENCES gis.networks (id),
    CONSTRAINT network_nodes_owner_fkey FOREIGN KEY(owner) REFERENCES gis.organisations (id) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT network_nodes_phase_fkey FOREIGN KEY(phase) REFERENCES gis.phases (id) DEFERRABLE INITIALLY DEFERRED
);

CREATE INDEX network_nodes_geom_idx ON gis.network_nodes USING gist (geom);

CREATE INDEX network_nodes_owner_idx ON gis.network_nodes (owner);

CREATE INDEX network_nodes_phase_idx ON gis.network_nodes (phase);

CREATE TABLE gis.fibre_links (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    network_id UUID NOT NULL,
    external_id TEXT DEFAULT gen_random_uuid()::text NOT NULL,
    name TEXT,
    status TEXT NOT NULL,
    start_node UUID NOT NULL,
    end_node UUID NOT NULL,
    medium TEXT[],
    deployment TEXT[],
    fibre_type TEXT,
    fibre_count BIGINT,
    spare_fibres BIGINT,
    fibre_length_m DOUBLE PRECISION,
    route_length_m DOUBLE PRECISION GENERATED ALWAYS AS (ST_Length(geom::geography)) STORED,
    splices BIGINT,
    connectors BIGINT,
    capacity_gbps DOUBLE PRECISION,
    technologies TEXT[],
    owner UUID,
    providers UUID[],
    supplier UUID,
    dark_fibre BOOLEAN,
    shared_trench TEXT,
    phase UUID,
    ready_for_service_date DATE,
    visibility TEXT DEFAULT 'public' NOT NULL,
    version INTEGER DEFAULT 1 NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    extra JSONB,
    geom geometry(LINESTRING,4326) NOT NULL,
    CONSTRAINT fibre_links_pkey PRIMARY KEY (id),
    CONSTRAINT fibre_links_network_id_external_id_key UNIQUE (network_id, external_id),
    CONSTRAINT fibre_links_visibility_check CHECK (visibility IN ('public', 'staff')),
    CONSTRAINT fibre_links_status_check CHECK (status IN ('proposed', 'planned', 'underConstruction', 'inactive', 'operational', 'decommissioned')),
    CONSTRAINT fibre_links_medium_check CHECK (medium <@ ARRAY['fibre', 'microwave', 'copper', 'coaxial']),
    CONSTRAINT fibre_links_deployment_check CHECK (deployment <@ ARRAY['aboveGround', 'belowGround']),
    CONSTRAINT fibre_links_fibre_type_check CHECK (fibre_type IN ('G.651.1', 'G.652', 'G.653', 'G.654', 'G.655', 'G.656', 'G.657')),
    CONSTRAINT fibre_links_fibre_count_check CHECK (fibre_count >= 0 AND fibre_count <= 10000),
    CONSTRAINT fibre_links_spare_fibres_check CHECK (spare_fibres >= 0 AND spare_fibres <= 10000),
    CONSTRAINT fibre_links_fibre_length_m_check CHECK (fibre_length_m >= 0),
    CONSTRAINT fibre_links_splices_check CHECK (splices >= 0),
    CONSTRAINT fibre_links_connectors_check CHECK (connectors >= 0),
    CONSTRAINT fibre_links_capacity_gbps_check CHECK (capacity_gbps >= 0),
    CONSTRAINT fibre_links_network_id_fkey FOREIGN KEY(network_id) REFERENCES gis.networks (id),
    CONSTRAINT fibre_links_start_node_fkey FOREIGN KEY(start_node) REFERENCES gis.network_nodes (id) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT fibre_links_end_node_fkey FOREIGN KEY(end_node) REFERENCES gis.network_nodes (id) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT fibre_links_owner_fkey FOREIGN KEY(owner) REFERENCES gis.organisations (id) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT fibre_links_supplier_fkey FOREIGN KEY(supplier) REFERENCES gis.organisations (id) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT fibre_links_phase_fkey FOREIGN KEY(phase) REFERENCES gis.phases (id) DEFERRABLE INITIALLY DEFERRED
);

CREATE INDEX fibre_links_end_node_idx ON gis.fibre_links (end_node);

CREATE INDEX fibre_links_geom_idx ON gis.fibre_links USING gist (geom);

CREATE INDEX fibre_links_owner_idx ON gis.fibre_links (owner);

CREATE INDEX fibre_links_phase_idx ON gis.fibre_links (phase);

CREATE INDEX fibre_links_start_node_idx ON gis.fibre_links (start_node);

CREATE INDEX fibre_links_supplier_idx ON gis.fibre_links (supplier);

CREATE TABLE gis.offices (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    network_id UUID NOT NULL,
    external_id TEXT DEFAULT gen_random_uuid()::text NOT NULL,
    name TEXT NOT NULL,
    office_type TEXT NOT NULL,
    theme TEXT,
    served_by UUID,
    connection TEXT NOT NULL,
    connected_since DATE,
    technology TEXT,
    required_mbps DOUBLE PRECISION,
    measured_mbps DOUBLE PRECISION,
    staff BIGINT,
    beneficiaries BIGINT,
    contact TEXT,
    visibility TEXT DEFAULT 'public' NOT NULL,
    version INTEGER DEFAULT 1 NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    extra JSONB,
    geom geometry(POINT,4326) NOT NULL,
    CONSTRAINT offices_pkey PRIMARY KEY (id),
    CONSTRAINT offices_network_id_external_id_key UNIQUE (network_id, external_id),
    CONSTRAINT offices_visibility_check CHECK (visibility IN ('public', 'staff')),
    CONSTRAINT offices_office_type_check CHECK (office_type IN ('county', 'municipal', 'subCounty', 'ward', 'assembly', 'health', 'education', 'market', 'library', 'hudumaCentre', 'policeStation', 'other')),
    CONSTRAINT offices_theme_check CHECK (theme IN ('connectedCountyGovernment', 'citizenSatisfaction', 'connectedCitizen', 'connectedLegislator')),
    CONSTRAINT offices_connection_check CHECK (connection IN ('connected', 'unconnected', 'unknown')),
    CONSTRAINT offices_required_mbps_check CHECK (required_mbps >= 0),
    CONSTRAINT offices_measured_mbps_check CHECK (measured_mbps >= 0),
    CONSTRAINT offices_staff_check CHECK (staff >= 0),
    CONSTRAINT offices_beneficiaries_check CHECK (beneficiaries >= 0),
    CONSTRAINT offices_network_id_fkey FOREIGN KEY(network_id) REFERENCES gis.networks (id),
    CONSTRAINT offices_served_by_fkey FOREIGN KEY(served_by) REFERENCES gis.network_nodes (id) DEFERRABLE INITIALLY DEFERRED
);

CREATE INDEX offices_geom_idx ON gis.offices USING gist (geom);

CREATE INDEX offices_served_by_idx ON gis.offices (served_by);
