CREATE SCHEMA IF NOT EXISTS published;

CREATE SCHEMA IF NOT EXISTS history;

CREATE SCHEMA IF NOT EXISTS internal;

CREATE FUNCTION published.fold(value text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
SET search_path = pg_catalog, public, pg_temp
AS $$
    SELECT lower(public.unaccent('public.unaccent'::regdictionary, normalize(value, NFKC)))
$$;

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
    search_text TEXT GENERATED ALWAYS AS (published.fold(coalesce(external_id, '') || ' ' || coalesce(name, ''))) STORED,
    CONSTRAINT networks_pkey PRIMARY KEY (id),
    CONSTRAINT networks_external_id_key UNIQUE (external_id),
    CONSTRAINT networks_visibility_check CHECK (visibility IN ('public', 'staff')),
    CONSTRAINT networks_metric_srid_check CHECK (metric_srid >= 1024 AND metric_srid <= 32767)
);

CREATE INDEX networks_search_idx ON gis.networks USING gin (search_text public.gin_trgm_ops);

CREATE TABLE gis.population (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    external_id TEXT DEFAULT gen_random_uuid()::text NOT NULL,
    people DOUBLE PRECISION NOT NULL,
    year BIGINT,
    source TEXT,
    visibility TEXT DEFAULT 'public' NOT NULL,
    version INTEGER DEFAULT 1 NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    extra JSONB,
    geom geometry(MULTIPOLYGON,4326) NOT NULL,
    search_text TEXT GENERATED ALWAYS AS (published.fold(coalesce(external_id, ''))) STORED,
    CONSTRAINT population_pkey PRIMARY KEY (id),
    CONSTRAINT population_external_id_key UNIQUE (external_id),
    CONSTRAINT population_visibility_check CHECK (visibility IN ('public', 'staff')),
    CONSTRAINT population_people_check CHECK (people >= 0),
    CONSTRAINT population_year_check CHECK (year >= 1800 AND year <= 2200)
);

CREATE INDEX population_geom_idx ON gis.population USING gist (geom);

CREATE INDEX population_search_idx ON gis.population USING gin (search_text public.gin_trgm_ops);

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
    search_text TEXT GENERATED ALWAYS AS (published.fold(coalesce(external_id, '') || ' ' || coalesce(name, ''))) STORED,
    CONSTRAINT roads_pkey PRIMARY KEY (id),
    CONSTRAINT roads_external_id_key UNIQUE (external_id),
    CONSTRAINT roads_visibility_check CHECK (visibility IN ('public', 'staff'))
);

CREATE INDEX roads_geom_idx ON gis.roads USING gist (geom);

CREATE INDEX roads_search_idx ON gis.roads USING gin (search_text public.gin_trgm_ops);

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
    search_text TEXT GENERATED ALWAYS AS (published.fold(coalesce(code, '') || ' ' || coalesce(name, '') || ' ' || coalesce(constituency, ''))) STORED,
    CONSTRAINT wards_pkey PRIMARY KEY (id),
    CONSTRAINT wards_code_key UNIQUE (code),
    CONSTRAINT wards_visibility_check CHECK (visibility IN ('public', 'staff')),
    CONSTRAINT wards_population_check CHECK (population >= 0),
    CONSTRAINT wards_population_year_check CHECK (population_year >= 1800 AND population_year <= 2200)
);

CREATE INDEX wards_geom_idx ON gis.wards USING gist (geom);

CREATE INDEX wards_search_idx ON gis.wards USING gin (search_text public.gin_trgm_ops);

CREATE TABLE gis.contracts (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    network_id UUID NOT NULL,
    external_id TEXT DEFAULT gen_random_uuid()::text NOT NULL,
    name TEXT NOT NULL,
    description TEXT,
    contract_type TEXT,
    amount DOUBLE PRECISION,
    currency TEXT,
    signed_on DATE,
    documents JSONB,
    related_phases UUID[],
    visibility TEXT DEFAULT 'public' NOT NULL,
    version INTEGER DEFAULT 1 NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    extra JSONB,
    search_text TEXT GENERATED ALWAYS AS (published.fold(coalesce(external_id, '') || ' ' || coalesce(name, ''))) STORED,
    CONSTRAINT contracts_pkey PRIMARY KEY (id),
    CONSTRAINT contracts_network_id_external_id_key UNIQUE (network_id, external_id),
    CONSTRAINT contracts_visibility_check CHECK (visibility IN ('public', 'staff')),
    CONSTRAINT contracts_amount_check CHECK (amount >= 0),
    CONSTRAINT contracts_network_id_fkey FOREIGN KEY(network_id) REFERENCES gis.networks (id)
);

CREATE INDEX contracts_search_idx ON gis.contracts USING gin (search_text public.gin_trgm_ops);

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
    search_text TEXT GENERATED ALWAYS AS (published.fold(coalesce(external_id, '') || ' ' || coalesce(name, ''))) STORED,
    CONSTRAINT organisations_pkey PRIMARY KEY (id),
    CONSTRAINT organisations_network_id_external_id_key UNIQUE (network_id, external_id),
    CONSTRAINT organisations_visibility_check CHECK (visibility IN ('public', 'staff')),
    CONSTRAINT organisations_network_id_fkey FOREIGN KEY(network_id) REFERENCES gis.networks (id)
);

CREATE INDEX organisations_search_idx ON gis.organisations USING gin (search_text public.gin_trgm_ops);

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
    search_text TEXT GENERATED ALWAYS AS (published.fold(coalesce(external_id, '') || ' ' || coalesce(name, ''))) STORED,
    CONSTRAINT phases_pkey PRIMARY KEY (id),
    CONSTRAINT phases_network_id_external_id_key UNIQUE (network_id, external_id),
    CONSTRAINT phases_visibility_check CHECK (visibility IN ('public', 'staff')),
    CONSTRAINT phases_network_id_fkey FOREIGN KEY(network_id) REFERENCES gis.networks (id)
);

CREATE INDEX phases_search_idx ON gis.phases USING gin (search_text public.gin_trgm_ops);

CREATE TABLE gis.scenarios (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    network_id UUID NOT NULL,
    external_id TEXT DEFAULT gen_random_uuid()::text NOT NULL,
    name TEXT NOT NULL,
    description TEXT,
    adds UUID[],
    removes UUID[],
    removes_nodes UUID[],
    visibility TEXT DEFAULT 'public' NOT NULL,
    version INTEGER DEFAULT 1 NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    extra JSONB,
    search_text TEXT GENERATED ALWAYS AS (published.fold(coalesce(external_id, '') || ' ' || coalesce(name, ''))) STORED,
    CONSTRAINT scenarios_pkey PRIMARY KEY (id),
    CONSTRAINT scenarios_network_id_external_id_key UNIQUE (network_id, external_id),
    CONSTRAINT scenarios_visibility_check CHECK (visibility IN ('public', 'staff')),
    CONSTRAINT scenarios_network_id_fkey FOREIGN KEY(network_id) REFERENCES gis.networks (id)
);

CREATE INDEX scenarios_search_idx ON gis.scenarios USING gin (search_text public.gin_trgm_ops);

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
    search_text TEXT GENERATED ALWAYS AS (published.fold(coalesce(external_id, '') || ' ' || coalesce(name, ''))) STORED,
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

CREATE INDEX network_nodes_search_idx ON gis.network_nodes USING gin (search_text public.gin_trgm_ops);

CREATE TABLE gis.wayleaves (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    network_id UUID NOT NULL,
    external_id TEXT DEFAULT gen_random_uuid()::text NOT NULL,
    grantor UUID,
    year_signed BIGINT,
    indefinite BOOLEAN,
    term_years BIGINT,
    cost_recurring BOOLEAN,
    cost_per_metre DOUBLE PRECISION,
    currency TEXT,
    visibility TEXT DEFAULT 'public' NOT NULL,
    version INTEGER DEFAULT 1 NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    extra JSONB,
    search_text TEXT GENERATED ALWAYS AS (published.fold(coalesce(external_id, ''))) STORED,
    CONSTRAINT wayleaves_pkey PRIMARY KEY (id),
    CONSTRAINT wayleaves_network_id_external_id_key UNIQUE (network_id, external_id),
    CONSTRAINT wayleaves_visibility_check CHECK (visibility IN ('public', 'staff')),
    CONSTRAINT wayleaves_year_signed_check CHECK (year_signed >= 1800 AND year_signed <= 2200),
    CONSTRAINT wayleaves_term_years_check CHECK (term_years >= 0),
    CONSTRAINT wayleaves_cost_per_metre_check CHECK (cost_per_metre >= 0),
    CONSTRAINT wayleaves_network_id_fkey FOREIGN KEY(network_id) REFERENCES gis.networks (id),
    CONSTRAINT wayleaves_grantor_fkey FOREIGN KEY(grantor) REFERENCES gis.organisations (id) DEFERRABLE INITIALLY DEFERRED
);

CREATE INDEX wayleaves_grantor_idx ON gis.wayleaves (grantor);

CREATE INDEX wayleaves_search_idx ON gis.wayleaves USING gin (search_text public.gin_trgm_ops);

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
    search_text TEXT GENERATED ALWAYS AS (published.fold(coalesce(external_id, '') || ' ' || coalesce(name, ''))) STORED,
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

CREATE INDEX fibre_links_search_idx ON gis.fibre_links USING gin (search_text public.gin_trgm_ops);

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
    ward TEXT,
    contact TEXT,
    visibility TEXT DEFAULT 'public' NOT NULL,
    version INTEGER DEFAULT 1 NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    extra JSONB,
    geom geometry(POINT,4326) NOT NULL,
    search_text TEXT GENERATED ALWAYS AS (published.fold(coalesce(external_id, '') || ' ' || coalesce(name, ''))) STORED,
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

CREATE INDEX offices_search_idx ON gis.offices USING gin (search_text public.gin_trgm_ops);

CREATE INDEX offices_served_by_idx ON gis.offices (served_by);

CREATE TABLE gis.equipment (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    network_id UUID NOT NULL,
    external_id TEXT DEFAULT gen_random_uuid()::text NOT NULL,
    asset_tag TEXT NOT NULL,
    serial TEXT,
    category TEXT NOT NULL,
    make TEXT,
    model TEXT,
    node UUID,
    office UUID,
    management_address TEXT,
    lan_address TEXT,
    wan_address TEXT,
    lifecycle TEXT NOT NULL,
    order_number TEXT,
    supplier UUID,
    installed_on DATE,
    warranty_until DATE,
    certification_interval_months BIGINT,
    visibility TEXT DEFAULT 'public' NOT NULL,
    version INTEGER DEFAULT 1 NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    extra JSONB,
    search_text TEXT GENERATED ALWAYS AS (published.fold(coalesce(external_id, '') || ' ' || coalesce(asset_tag, '') || ' ' || coalesce(serial, '') || ' ' || coalesce(make, '') || ' ' || coalesce(model, ''))) STORED,
    CONSTRAINT equipment_pkey PRIMARY KEY (id),
    CONSTRAINT equipment_network_id_external_id_key UNIQUE (network_id, external_id),
    CONSTRAINT equipment_visibility_check CHECK (visibility IN ('public', 'staff')),
    CONSTRAINT equipment_lifecycle_check CHECK (lifecycle IN ('ordered', 'received', 'installed', 'inService', 'underRepair', 'retired')),
    CONSTRAINT equipment_certification_interval_months_check CHECK (certification_interval_months >= 1 AND certification_interval_months <= 600),
    CONSTRAINT equipment_network_id_fkey FOREIGN KEY(network_id) REFERENCES gis.networks (id),
    CONSTRAINT equipment_node_fkey FOREIGN KEY(node) REFERENCES gis.network_nodes (id) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT equipment_office_fkey FOREIGN KEY(office) REFERENCES gis.offices (id) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT equipment_supplier_fkey FOREIGN KEY(supplier) REFERENCES gis.organisations (id) DEFERRABLE INITIALLY DEFERRED
);

CREATE INDEX equipment_node_idx ON gis.equipment (node);

CREATE INDEX equipment_office_idx ON gis.equipment (office);

CREATE INDEX equipment_search_idx ON gis.equipment USING gin (search_text public.gin_trgm_ops);

CREATE INDEX equipment_supplier_idx ON gis.equipment (supplier);

CREATE TABLE gis.structures (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    network_id UUID NOT NULL,
    external_id TEXT DEFAULT gen_random_uuid()::text NOT NULL,
    name TEXT,
    structure_type TEXT NOT NULL,
    link UUID,
    position_m DOUBLE PRECISION,
    slack_m DOUBLE PRECISION,
    owner UUID,
    accuracy_m DOUBLE PRECISION,
    visibility TEXT DEFAULT 'public' NOT NULL,
    version INTEGER DEFAULT 1 NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    extra JSONB,
    geom geometry(POINT,4326) NOT NULL,
    search_text TEXT GENERATED ALWAYS AS (published.fold(coalesce(external_id, '') || ' ' || coalesce(name, ''))) STORED,
    CONSTRAINT structures_pkey PRIMARY KEY (id),
    CONSTRAINT structures_network_id_external_id_key UNIQUE (network_id, external_id),
    CONSTRAINT structures_visibility_check CHECK (visibility IN ('public', 'staff')),
    CONSTRAINT structures_position_m_check CHECK (position_m >= 0),
    CONSTRAINT structures_slack_m_check CHECK (slack_m >= 0),
    CONSTRAINT structures_accuracy_m_check CHECK (accuracy_m >= 0),
    CONSTRAINT structures_network_id_fkey FOREIGN KEY(network_id) REFERENCES gis.networks (id),
    CONSTRAINT structures_link_fkey FOREIGN KEY(link) REFERENCES gis.fibre_links (id) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT structures_owner_fkey FOREIGN KEY(owner) REFERENCES gis.organisations (id) DEFERRABLE INITIALLY DEFERRED
);

CREATE INDEX structures_geom_idx ON gis.structures USING gist (geom);

CREATE INDEX structures_link_idx ON gis.structures (link);

CREATE INDEX structures_owner_idx ON gis.structures (owner);

CREATE INDEX structures_search_idx ON gis.structures USING gin (search_text public.gin_trgm_ops);

CREATE TABLE gis.faults (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    network_id UUID NOT NULL,
    external_id TEXT DEFAULT gen_random_uuid()::text NOT NULL,
    summary TEXT NOT NULL,
    link UUID,
    node UUID,
    equipment UUID,
    office UUID,
    cuts BOOLEAN,
    started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    cleared_at TIMESTAMP WITH TIME ZONE,
    source TEXT,
    otdr_distance_m DOUBLE PRECISION,
    uncertainty_m DOUBLE PRECISION,
    ward TEXT,
    reporter TEXT,
    visibility TEXT DEFAULT 'public' NOT NULL,
    version INTEGER DEFAULT 1 NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    extra JSONB,
    geom geometry(POINT,4326),
    search_text TEXT GENERATED ALWAYS AS (published.fold(coalesce(external_id, '') || ' ' || coalesce(summary, ''))) STORED,
    CONSTRAINT faults_pkey PRIMARY KEY (id),
    CONSTRAINT faults_network_id_external_id_key UNIQUE (network_id, external_id),
    CONSTRAINT faults_visibility_check CHECK (visibility IN ('public', 'staff')),
    CONSTRAINT faults_otdr_distance_m_check CHECK (otdr_distance_m >= 0),
    CONSTRAINT faults_uncertainty_m_check CHECK (uncertainty_m >= 0),
    CONSTRAINT faults_network_id_fkey FOREIGN KEY(network_id) REFERENCES gis.networks (id),
    CONSTRAINT faults_link_fkey FOREIGN KEY(link) REFERENCES gis.fibre_links (id) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT faults_node_fkey FOREIGN KEY(node) REFERENCES gis.network_nodes (id) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT faults_equipment_fkey FOREIGN KEY(equipment) REFERENCES gis.equipment (id) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT faults_office_fkey FOREIGN KEY(office) REFERENCES gis.offices (id) DEFERRABLE INITIALLY DEFERRED
);

CREATE INDEX faults_equipment_idx ON gis.faults (equipment);

CREATE INDEX faults_geom_idx ON gis.faults USING gist (geom);

CREATE INDEX faults_link_idx ON gis.faults (link);

CREATE INDEX faults_node_idx ON gis.faults (node);

CREATE INDEX faults_office_idx ON gis.faults (office);

CREATE INDEX faults_search_idx ON gis.faults USING gin (search_text public.gin_trgm_ops);

CREATE TABLE gis.measurements (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    network_id UUID NOT NULL,
    external_id TEXT DEFAULT gen_random_uuid()::text NOT NULL,
    kind TEXT NOT NULL,
    link UUID,
    node UUID,
    equipment UUID,
    measured_at TIMESTAMP WITH TIME ZONE NOT NULL,
    instrument TEXT,
    fibre TEXT,
    wavelength_nm BIGINT,
    otdr_distance_m DOUBLE PRECISION,
    loss_db DOUBLE PRECISION,
    power_dbm DOUBLE PRECISION,
    by UUID,
    visibility TEXT DEFAULT 'public' NOT NULL,
    version INTEGER DEFAULT 1 NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    extra JSONB,
    search_text TEXT GENERATED ALWAYS AS (published.fold(coalesce(external_id, '') || ' ' || coalesce(instrument, ''))) STORED,
    CONSTRAINT measurements_pkey PRIMARY KEY (id),
    CONSTRAINT measurements_network_id_external_id_key UNIQUE (network_id, external_id),
    CONSTRAINT measurements_visibility_check CHECK (visibility IN ('public', 'staff')),
    CONSTRAINT measurements_kind_check CHECK (kind IN ('otdr', 'opticalPower', 'insertionLoss')),
    CONSTRAINT measurements_wavelength_nm_check CHECK (wavelength_nm >= 600 AND wavelength_nm <= 2000),
    CONSTRAINT measurements_otdr_distance_m_check CHECK (otdr_distance_m >= 0),
    CONSTRAINT measurements_network_id_fkey FOREIGN KEY(network_id) REFERENCES gis.networks (id),
    CONSTRAINT measurements_link_fkey FOREIGN KEY(link) REFERENCES gis.fibre_links (id) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT measurements_node_fkey FOREIGN KEY(node) REFERENCES gis.network_nodes (id) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT measurements_equipment_fkey FOREIGN KEY(equipment) REFERENCES gis.equipment (id) DEFERRABLE INITIALLY DEFERRED
);

CREATE INDEX measurements_equipment_idx ON gis.measurements (equipment);

CREATE INDEX measurements_link_idx ON gis.measurements (link);

CREATE INDEX measurements_node_idx ON gis.measurements (node);

CREATE INDEX measurements_search_idx ON gis.measurements USING gin (search_text public.gin_trgm_ops);

CREATE TABLE gis.work_log (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    network_id UUID NOT NULL,
    external_id TEXT DEFAULT gen_random_uuid()::text NOT NULL,
    kind TEXT NOT NULL,
    equipment UUID,
    node UUID,
    link UUID,
    occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE,
    by UUID,
    result TEXT,
    notes TEXT,
    visibility TEXT DEFAULT 'public' NOT NULL,
    version INTEGER DEFAULT 1 NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    extra JSONB,
    search_text TEXT GENERATED ALWAYS AS (published.fold(coalesce(external_id, '') || ' ' || coalesce(notes, ''))) STORED,
    CONSTRAINT work_log_pkey PRIMARY KEY (id),
    CONSTRAINT work_log_network_id_external_id_key UNIQUE (network_id, external_id),
    CONSTRAINT work_log_visibility_check CHECK (visibility IN ('public', 'staff')),
    CONSTRAINT work_log_kind_check CHECK (kind IN ('procurement', 'installation', 'configuration', 'inspection', 'verification', 'validation', 'certification', 'fault', 'repair', 'retirement')),
    CONSTRAINT work_log_result_check CHECK (result IN ('passed', 'failed', 'done', 'notDone')),
    CONSTRAINT work_log_network_id_fkey FOREIGN KEY(network_id) REFERENCES gis.networks (id),
    CONSTRAINT work_log_equipment_fkey FOREIGN KEY(equipment) REFERENCES gis.equipment (id) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT work_log_node_fkey FOREIGN KEY(node) REFERENCES gis.network_nodes (id) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT work_log_link_fkey FOREIGN KEY(link) REFERENCES gis.fibre_links (id) DEFERRABLE INITIALLY DEFERRED
);

CREATE INDEX work_log_equipment_idx ON gis.work_log (equipment);

CREATE INDEX work_log_latest_idx ON gis.work_log (equipment, kind, occurred_at);

CREATE INDEX work_log_link_idx ON gis.work_log (link);

CREATE INDEX work_log_node_idx ON gis.work_log (node);

CREATE INDEX work_log_search_idx ON gis.work_log USING gin (search_text public.gin_trgm_ops);

CREATE TABLE published.faults (
    id UUID NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE,
    ward TEXT,
    CONSTRAINT faults_pkey PRIMARY KEY (id)
);

CREATE TABLE published.fibre_links (
    id UUID NOT NULL,
    name TEXT,
    status TEXT,
    route_length_m DOUBLE PRECISION,
    search_text TEXT GENERATED ALWAYS AS (published.fold(coalesce(name, ''))) STORED,
    geom geometry(LINESTRING,4326),
    CONSTRAINT fibre_links_pkey PRIMARY KEY (id)
);

CREATE INDEX fibre_links_geom_idx ON published.fibre_links USING gist (geom);

CREATE INDEX fibre_links_search_idx ON published.fibre_links USING gin (search_text public.gin_trgm_ops);

CREATE TABLE published.network_nodes (
    id UUID NOT NULL,
    name TEXT,
    status TEXT,
    public_wifi BOOLEAN,
    search_text TEXT GENERATED ALWAYS AS (published.fold(coalesce(name, ''))) STORED,
    geom geometry(POINT,4326),
    CONSTRAINT network_nodes_pkey PRIMARY KEY (id)
);

CREATE INDEX network_nodes_geom_idx ON published.network_nodes USING gist (geom);

CREATE INDEX network_nodes_search_idx ON published.network_nodes USING gin (search_text public.gin_trgm_ops);

CREATE TABLE published.networks (
    id UUID NOT NULL,
    name TEXT,
    synthetic BOOLEAN,
    search_text TEXT GENERATED ALWAYS AS (published.fold(coalesce(name, ''))) STORED,
    CONSTRAINT networks_pkey PRIMARY KEY (id)
);

CREATE INDEX networks_search_idx ON published.networks USING gin (search_text public.gin_trgm_ops);

CREATE TABLE published.offices (
    id UUID NOT NULL,
    name TEXT,
    office_type TEXT,
    theme TEXT,
    connection TEXT,
    ward TEXT,
    search_text TEXT GENERATED ALWAYS AS (published.fold(coalesce(name, ''))) STORED,
    geom geometry(POINT,4326),
    CONSTRAINT offices_pkey PRIMARY KEY (id)
);

CREATE INDEX offices_geom_idx ON published.offices USING gist (geom);

CREATE INDEX offices_search_idx ON published.offices USING gin (search_text public.gin_trgm_ops);

CREATE TABLE published.roads (
    id UUID NOT NULL,
    name TEXT,
    road_class TEXT,
    source TEXT,
    search_text TEXT GENERATED ALWAYS AS (published.fold(coalesce(name, ''))) STORED,
    geom geometry(LINESTRING,4326),
    CONSTRAINT roads_pkey PRIMARY KEY (id)
);

CREATE INDEX roads_geom_idx ON published.roads USING gist (geom);

CREATE INDEX roads_search_idx ON published.roads USING gin (search_text public.gin_trgm_ops);

CREATE TABLE published.wards (
    id UUID NOT NULL,
    code TEXT,
    name TEXT,
    constituency TEXT,
    population BIGINT,
    population_year BIGINT,
    source TEXT,
    outline_approximate BOOLEAN,
    search_text TEXT GENERATED ALWAYS AS (published.fold(coalesce(code, '') || ' ' || coalesce(name, '') || ' ' || coalesce(constituency, ''))) STORED,
    geom geometry(MULTIPOLYGON,4326),
    CONSTRAINT wards_pkey PRIMARY KEY (id)
);

CREATE INDEX wards_geom_idx ON published.wards USING gist (geom);

CREATE INDEX wards_search_idx ON published.wards USING gin (search_text public.gin_trgm_ops);

CREATE TABLE history.contracts (
    id UUID NOT NULL,
    seq BIGINT GENERATED ALWAYS AS IDENTITY,
    operation TEXT NOT NULL,
    began_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    transaction_id BIGINT NOT NULL,
    person_id UUID,
    request_id TEXT,
    network_id UUID,
    external_id TEXT,
    name TEXT,
    description TEXT,
    contract_type TEXT,
    amount DOUBLE PRECISION,
    currency TEXT,
    signed_on DATE,
    documents JSONB,
    related_phases UUID[],
    visibility TEXT,
    version INTEGER,
    updated_at TIMESTAMP WITH TIME ZONE,
    extra JSONB,
    CONSTRAINT contracts_pkey PRIMARY KEY (id, seq)
);

CREATE INDEX contracts_transaction_id_idx ON history.contracts USING brin (transaction_id);

CREATE TABLE history.equipment (
    id UUID NOT NULL,
    seq BIGINT GENERATED ALWAYS AS IDENTITY,
    operation TEXT NOT NULL,
    began_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    transaction_id BIGINT NOT NULL,
    person_id UUID,
    request_id TEXT,
    network_id UUID,
    external_id TEXT,
    asset_tag TEXT,
    serial TEXT,
    category TEXT,
    make TEXT,
    model TEXT,
    node UUID,
    office UUID,
    management_address TEXT,
    lan_address TEXT,
    wan_address TEXT,
    lifecycle TEXT,
    order_number TEXT,
    supplier UUID,
    installed_on DATE,
    warranty_until DATE,
    certification_interval_months BIGINT,
    visibility TEXT,
    version INTEGER,
    updated_at TIMESTAMP WITH TIME ZONE,
    extra JSONB,
    CONSTRAINT equipment_pkey PRIMARY KEY (id, seq)
);

CREATE INDEX equipment_transaction_id_idx ON history.equipment USING brin (transaction_id);

CREATE TABLE history.faults (
    id UUID NOT NULL,
    seq BIGINT GENERATED ALWAYS AS IDENTITY,
    operation TEXT NOT NULL,
    began_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    transaction_id BIGINT NOT NULL,
    person_id UUID,
    request_id TEXT,
    network_id UUID,
    external_id TEXT,
    summary TEXT,
    link UUID,
    node UUID,
    equipment UUID,
    office UUID,
    cuts BOOLEAN,
    started_at TIMESTAMP WITH TIME ZONE,
    cleared_at TIMESTAMP WITH TIME ZONE,
    source TEXT,
    otdr_distance_m DOUBLE PRECISION,
    uncertainty_m DOUBLE PRECISION,
    ward TEXT,
    reporter TEXT,
    visibility TEXT,
    version INTEGER,
    updated_at TIMESTAMP WITH TIME ZONE,
    extra JSONB,
    geom geometry(POINT,4326),
    CONSTRAINT faults_pkey PRIMARY KEY (id, seq)
);

CREATE INDEX faults_transaction_id_idx ON history.faults USING brin (transaction_id);

CREATE TABLE history.fibre_links (
    id UUID NOT NULL,
    seq BIGINT GENERATED ALWAYS AS IDENTITY,
    operation TEXT NOT NULL,
    began_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    transaction_id BIGINT NOT NULL,
    person_id UUID,
    request_id TEXT,
    network_id UUID,
    external_id TEXT,
    name TEXT,
    status TEXT,
    start_node UUID,
    end_node UUID,
    medium TEXT[],
    deployment TEXT[],
    fibre_type TEXT,
    fibre_count BIGINT,
    spare_fibres BIGINT,
    fibre_length_m DOUBLE PRECISION,
    route_length_m DOUBLE PRECISION,
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
    visibility TEXT,
    version INTEGER,
    updated_at TIMESTAMP WITH TIME ZONE,
    extra JSONB,
    geom geometry(LINESTRING,4326) NOT NULL,
    CONSTRAINT fibre_links_pkey PRIMARY KEY (id, seq)
);

CREATE INDEX fibre_links_transaction_id_idx ON history.fibre_links USING brin (transaction_id);

CREATE TABLE history.measurements (
    id UUID NOT NULL,
    seq BIGINT GENERATED ALWAYS AS IDENTITY,
    operation TEXT NOT NULL,
    began_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    transaction_id BIGINT NOT NULL,
    person_id UUID,
    request_id TEXT,
    network_id UUID,
    external_id TEXT,
    kind TEXT,
    link UUID,
    node UUID,
    equipment UUID,
    measured_at TIMESTAMP WITH TIME ZONE,
    instrument TEXT,
    fibre TEXT,
    wavelength_nm BIGINT,
    otdr_distance_m DOUBLE PRECISION,
    loss_db DOUBLE PRECISION,
    power_dbm DOUBLE PRECISION,
    by UUID,
    visibility TEXT,
    version INTEGER,
    updated_at TIMESTAMP WITH TIME ZONE,
    extra JSONB,
    CONSTRAINT measurements_pkey PRIMARY KEY (id, seq)
);

CREATE INDEX measurements_transaction_id_idx ON history.measurements USING brin (transaction_id);

CREATE TABLE history.network_nodes (
    id UUID NOT NULL,
    seq BIGINT GENERATED ALWAYS AS IDENTITY,
    operation TEXT NOT NULL,
    began_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    transaction_id BIGINT NOT NULL,
    person_id UUID,
    request_id TEXT,
    network_id UUID,
    external_id TEXT,
    name TEXT,
    status TEXT,
    type TEXT[],
    infrastructure TEXT,
    public_wifi BOOLEAN,
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
    visibility TEXT,
    version INTEGER,
    updated_at TIMESTAMP WITH TIME ZONE,
    extra JSONB,
    geom geometry(POINT,4326) NOT NULL,
    CONSTRAINT network_nodes_pkey PRIMARY KEY (id, seq)
);

CREATE INDEX network_nodes_transaction_id_idx ON history.network_nodes USING brin (transaction_id);

CREATE TABLE history.networks (
    id UUID NOT NULL,
    seq BIGINT GENERATED ALWAYS AS IDENTITY,
    operation TEXT NOT NULL,
    began_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    transaction_id BIGINT NOT NULL,
    person_id UUID,
    request_id TEXT,
    external_id TEXT,
    name TEXT,
    extent JSONB,
    metric_srid BIGINT,
    synthetic BOOLEAN,
    visibility TEXT,
    version INTEGER,
    updated_at TIMESTAMP WITH TIME ZONE,
    extra JSONB,
    CONSTRAINT networks_pkey PRIMARY KEY (id, seq)
);

CREATE INDEX networks_transaction_id_idx ON history.networks USING brin (transaction_id);

CREATE TABLE history.offices (
    id UUID NOT NULL,
    seq BIGINT GENERATED ALWAYS AS IDENTITY,
    operation TEXT NOT NULL,
    began_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    transaction_id BIGINT NOT NULL,
    person_id UUID,
    request_id TEXT,
    network_id UUID,
    external_id TEXT,
    name TEXT,
    office_type TEXT,
    theme TEXT,
    served_by UUID,
    connection TEXT,
    connected_since DATE,
    technology TEXT,
    required_mbps DOUBLE PRECISION,
    measured_mbps DOUBLE PRECISION,
    staff BIGINT,
    beneficiaries BIGINT,
    ward TEXT,
    contact TEXT,
    visibility TEXT,
    version INTEGER,
    updated_at TIMESTAMP WITH TIME ZONE,
    extra JSONB,
    geom geometry(POINT,4326) NOT NULL,
    CONSTRAINT offices_pkey PRIMARY KEY (id, seq)
);

CREATE INDEX offices_transaction_id_idx ON history.offices USING brin (transaction_id);

CREATE TABLE history.organisations (
    id UUID NOT NULL,
    seq BIGINT GENERATED ALWAYS AS IDENTITY,
    operation TEXT NOT NULL,
    began_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    transaction_id BIGINT NOT NULL,
    person_id UUID,
    request_id TEXT,
    network_id UUID,
    external_id TEXT,
    name TEXT,
    roles TEXT[],
    country TEXT,
    website TEXT,
    visibility TEXT,
    version INTEGER,
    updated_at TIMESTAMP WITH TIME ZONE,
    extra JSONB,
    CONSTRAINT organisations_pkey PRIMARY KEY (id, seq)
);

CREATE INDEX organisations_transaction_id_idx ON history.organisations USING brin (transaction_id);

CREATE TABLE history.phases (
    id UUID NOT NULL,
    seq BIGINT GENERATED ALWAYS AS IDENTITY,
    operation TEXT NOT NULL,
    began_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    transaction_id BIGINT NOT NULL,
    person_id UUID,
    request_id TEXT,
    network_id UUID,
    external_id TEXT,
    name TEXT,
    description TEXT,
    starts_on DATE,
    ends_on DATE,
    funders UUID[],
    visibility TEXT,
    version INTEGER,
    updated_at TIMESTAMP WITH TIME ZONE,
    extra JSONB,
    CONSTRAINT phases_pkey PRIMARY KEY (id, seq)
);

CREATE INDEX phases_transaction_id_idx ON history.phases USING brin (transaction_id);

CREATE TABLE history.population (
    id UUID NOT NULL,
    seq BIGINT GENERATED ALWAYS AS IDENTITY,
    operation TEXT NOT NULL,
    began_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    transaction_id BIGINT NOT NULL,
    person_id UUID,
    request_id TEXT,
    external_id TEXT,
    people DOUBLE PRECISION,
    year BIGINT,
    source TEXT,
    visibility TEXT,
    version INTEGER,
    updated_at TIMESTAMP WITH TIME ZONE,
    extra JSONB,
    geom geometry(MULTIPOLYGON,4326) NOT NULL,
    CONSTRAINT population_pkey PRIMARY KEY (id, seq)
);

CREATE INDEX population_transaction_id_idx ON history.population USING brin (transaction_id);

CREATE TABLE history.roads (
    id UUID NOT NULL,
    seq BIGINT GENERATED ALWAYS AS IDENTITY,
    operation TEXT NOT NULL,
    began_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    transaction_id BIGINT NOT NULL,
    person_id UUID,
    request_id TEXT,
    external_id TEXT,
    name TEXT,
    road_class TEXT,
    source TEXT,
    visibility TEXT,
    version INTEGER,
    updated_at TIMESTAMP WITH TIME ZONE,
    extra JSONB,
    geom geometry(LINESTRING,4326) NOT NULL,
    CONSTRAINT roads_pkey PRIMARY KEY (id, seq)
);

CREATE INDEX roads_transaction_id_idx ON history.roads USING brin (transaction_id);

CREATE TABLE history.scenarios (
    id UUID NOT NULL,
    seq BIGINT GENERATED ALWAYS AS IDENTITY,
    operation TEXT NOT NULL,
    began_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    transaction_id BIGINT NOT NULL,
    person_id UUID,
    request_id TEXT,
    network_id UUID,
    external_id TEXT,
    name TEXT,
    description TEXT,
    adds UUID[],
    removes UUID[],
    removes_nodes UUID[],
    visibility TEXT,
    version INTEGER,
    updated_at TIMESTAMP WITH TIME ZONE,
    extra JSONB,
    CONSTRAINT scenarios_pkey PRIMARY KEY (id, seq)
);

CREATE INDEX scenarios_transaction_id_idx ON history.scenarios USING brin (transaction_id);

CREATE TABLE history.structures (
    id UUID NOT NULL,
    seq BIGINT GENERATED ALWAYS AS IDENTITY,
    operation TEXT NOT NULL,
    began_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    transaction_id BIGINT NOT NULL,
    person_id UUID,
    request_id TEXT,
    network_id UUID,
    external_id TEXT,
    name TEXT,
    structure_type TEXT,
    link UUID,
    position_m DOUBLE PRECISION,
    slack_m DOUBLE PRECISION,
    owner UUID,
    accuracy_m DOUBLE PRECISION,
    visibility TEXT,
    version INTEGER,
    updated_at TIMESTAMP WITH TIME ZONE,
    extra JSONB,
    geom geometry(POINT,4326) NOT NULL,
    CONSTRAINT structures_pkey PRIMARY KEY (id, seq)
);

CREATE INDEX structures_transaction_id_idx ON history.structures USING brin (transaction_id);

CREATE TABLE history.transactions (
    transaction_id BIGINT NOT NULL,
    began_at TIMESTAMP WITH TIME ZONE NOT NULL,
    committed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT transactions_pkey PRIMARY KEY (transaction_id, began_at)
);

CREATE INDEX transactions_committed_at_idx ON history.transactions (committed_at);

CREATE TABLE history.wards (
    id UUID NOT NULL,
    seq BIGINT GENERATED ALWAYS AS IDENTITY,
    operation TEXT NOT NULL,
    began_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    transaction_id BIGINT NOT NULL,
    person_id UUID,
    request_id TEXT,
    code TEXT,
    name TEXT,
    constituency TEXT,
    population BIGINT,
    population_year BIGINT,
    source TEXT,
    outline_approximate BOOLEAN,
    visibility TEXT,
    version INTEGER,
    updated_at TIMESTAMP WITH TIME ZONE,
    extra JSONB,
    geom geometry(MULTIPOLYGON,4326) NOT NULL,
    CONSTRAINT wards_pkey PRIMARY KEY (id, seq)
);

CREATE INDEX wards_transaction_id_idx ON history.wards USING brin (transaction_id);

CREATE TABLE history.wayleaves (
    id UUID NOT NULL,
    seq BIGINT GENERATED ALWAYS AS IDENTITY,
    operation TEXT NOT NULL,
    began_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    transaction_id BIGINT NOT NULL,
    person_id UUID,
    request_id TEXT,
    network_id UUID,
    external_id TEXT,
    grantor UUID,
    year_signed BIGINT,
    indefinite BOOLEAN,
    term_years BIGINT,
    cost_recurring BOOLEAN,
    cost_per_metre DOUBLE PRECISION,
    currency TEXT,
    visibility TEXT,
    version INTEGER,
    updated_at TIMESTAMP WITH TIME ZONE,
    extra JSONB,
    CONSTRAINT wayleaves_pkey PRIMARY KEY (id, seq)
);

CREATE INDEX wayleaves_transaction_id_idx ON history.wayleaves USING brin (transaction_id);

CREATE TABLE history.work_log (
    id UUID NOT NULL,
    seq BIGINT GENERATED ALWAYS AS IDENTITY,
    operation TEXT NOT NULL,
    began_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    transaction_id BIGINT NOT NULL,
    person_id UUID,
    request_id TEXT,
    network_id UUID,
    external_id TEXT,
    kind TEXT,
    equipment UUID,
    node UUID,
    link UUID,
    occurred_at TIMESTAMP WITH TIME ZONE,
    recorded_at TIMESTAMP WITH TIME ZONE,
    by UUID,
    result TEXT,
    notes TEXT,
    visibility TEXT,
    version INTEGER,
    updated_at TIMESTAMP WITH TIME ZONE,
    extra JSONB,
    CONSTRAINT work_log_pkey PRIMARY KEY (id, seq)
);

CREATE INDEX work_log_transaction_id_idx ON history.work_log USING brin (transaction_id);

CREATE TABLE gis.collection_versions (
    collection TEXT NOT NULL,
    version BIGINT DEFAULT 0 NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT collection_versions_pkey PRIMARY KEY (collection)
);

CREATE TABLE internal.attachments (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    collection TEXT NOT NULL,
    item_id UUID NOT NULL,
    sha256 TEXT NOT NULL,
    media_type TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    title TEXT,
    person_id UUID,
    taken_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT attachments_pkey PRIMARY KEY (id)
);

CREATE INDEX attachments_item_id_idx ON internal.attachments (item_id);

CREATE TABLE internal.jobs (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    kind TEXT NOT NULL,
    payload JSONB NOT NULL,
    person_id UUID,
    state TEXT DEFAULT 'queued' NOT NULL,
    cancel_requested BOOLEAN DEFAULT false NOT NULL,
    done BIGINT DEFAULT 0 NOT NULL,
    total BIGINT,
    message TEXT,
    result JSONB,
    attempts INTEGER DEFAULT 0 NOT NULL,
    worker TEXT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE,
    heartbeat_at TIMESTAMP WITH TIME ZONE,
    finished_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT jobs_pkey PRIMARY KEY (id),
    CONSTRAINT jobs_state_check CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled'))
);

CREATE INDEX jobs_person_id_idx ON internal.jobs (person_id);

CREATE INDEX jobs_waiting_idx ON internal.jobs (created_at) WHERE state = 'queued';

CREATE TABLE internal.loads (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    collection TEXT NOT NULL,
    network_id UUID,
    source TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    person_id UUID,
    report JSONB NOT NULL,
    loaded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT loads_pkey PRIMARY KEY (id)
);

CREATE TABLE internal.operations (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    device TEXT NOT NULL,
    person_id UUID,
    content JSONB NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE,
    received_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    applied_at TIMESTAMP WITH TIME ZONE,
    outcome TEXT,
    CONSTRAINT operations_pkey PRIMARY KEY (id)
);

CREATE TABLE internal.people (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    name TEXT,
    contact TEXT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    erased_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT people_pkey PRIMARY KEY (id)
);

CREATE TABLE internal.touched (
    transaction_id BIGINT NOT NULL,
    collection TEXT NOT NULL,
    audience TEXT NOT NULL,
    CONSTRAINT touched_pkey PRIMARY KEY (transaction_id, collection, audience)
);

CREATE TABLE published.collection_versions (
    collection TEXT NOT NULL,
    version BIGINT DEFAULT 0 NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT collection_versions_pkey PRIMARY KEY (collection)
);

CREATE TABLE internal.api_keys (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    prefix TEXT NOT NULL,
    secret_sha256 BYTEA NOT NULL,
    role TEXT NOT NULL,
    client TEXT NOT NULL,
    person_id UUID NOT NULL,
    ward TEXT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE,
    revoked_at TIMESTAMP WITH TIME ZONE,
    last_used_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT api_keys_pkey PRIMARY KEY (id),
    CONSTRAINT api_keys_prefix_key UNIQUE (prefix),
    CONSTRAINT api_keys_role_check CHECK (role IN ('technician', 'planner', 'admin')),
    CONSTRAINT api_keys_secret_sha256_check CHECK (octet_length(secret_sha256) = 32),
    CONSTRAINT api_keys_person_id_fkey FOREIGN KEY(person_id) REFERENCES internal.people (id)
);

CREATE INDEX api_keys_client_idx ON internal.api_keys (client);

CREATE TABLE internal.conflicts (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    operation_id UUID NOT NULL,
    collection TEXT NOT NULL,
    item_id UUID NOT NULL,
    fields JSONB NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    settled_at TIMESTAMP WITH TIME ZONE,
    settled_by UUID,
    CONSTRAINT conflicts_pkey PRIMARY KEY (id),
    CONSTRAINT conflicts_operation_id_fkey FOREIGN KEY(operation_id) REFERENCES internal.operations (id)
);

CREATE INDEX conflicts_operation_id_idx ON internal.conflicts (operation_id);

CREATE TABLE internal.sessions (
    token_sha256 BYTEA NOT NULL,
    key_id UUID NOT NULL,
    csrf_token TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT sessions_pkey PRIMARY KEY (token_sha256),
    CONSTRAINT sessions_key_id_fkey FOREIGN KEY(key_id) REFERENCES internal.api_keys (id)
);

CREATE INDEX sessions_key_id_idx ON internal.sessions (key_id);

CREATE FUNCTION gis.ward_of(place public.geometry) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, public, pg_temp
AS $$
    SELECT code FROM gis.wards
    WHERE visibility = 'public' AND ST_Intersects(geom, place) ORDER BY code LIMIT 1
$$;

CREATE FUNCTION gis.set_ward() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    NEW.ward := gis.ward_of(NEW.geom);
    RETURN NEW;
END
$$;

CREATE FUNCTION gis.hold_wards() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtext('gis-service wards'));
    RETURN NULL;
END
$$;

CREATE TRIGGER a_hold_wards BEFORE INSERT OR UPDATE OF geom, ward ON gis.offices FOR EACH STATEMENT EXECUTE FUNCTION gis.hold_wards();

CREATE TRIGGER a_ward BEFORE INSERT OR UPDATE OF geom, ward ON gis.offices FOR EACH ROW EXECUTE FUNCTION gis.set_ward();

CREATE TRIGGER a_hold_wards BEFORE INSERT OR UPDATE OF geom, ward ON gis.faults FOR EACH STATEMENT EXECUTE FUNCTION gis.hold_wards();

CREATE TRIGGER a_ward BEFORE INSERT OR UPDATE OF geom, ward ON gis.faults FOR EACH ROW EXECUTE FUNCTION gis.set_ward();

CREATE FUNCTION gis.wards_moved() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    moved boolean := true;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        moved := EXISTS (
            (SELECT code, visibility, ST_AsBinary(geom) FROM old_rows
             EXCEPT SELECT code, visibility, ST_AsBinary(geom) FROM new_rows)
            UNION ALL
            (SELECT code, visibility, ST_AsBinary(geom) FROM new_rows
             EXCEPT SELECT code, visibility, ST_AsBinary(geom) FROM old_rows));
    END IF;
    IF moved THEN
        PERFORM pg_advisory_xact_lock(hashtext('gis-service wards'));
    UPDATE gis.offices stored
    SET ward = found.ward, version = version + 1, updated_at = now()
    FROM (SELECT id, gis.ward_of(geom) AS ward FROM gis.offices OFFSET 0) found
    WHERE stored.id = found.id AND stored.ward IS DISTINCT FROM found.ward;
    UPDATE gis.faults stored
    SET ward = found.ward, version = version + 1, updated_at = now()
    FROM (SELECT id, gis.ward_of(geom) AS ward FROM gis.faults OFFSET 0) found
    WHERE stored.id = found.id AND stored.ward IS DISTINCT FROM found.ward;
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER z_wards_insert AFTER INSERT ON gis.wards REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION gis.wards_moved();

CREATE TRIGGER z_wards_update AFTER UPDATE ON gis.wards REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION gis.wards_moved();

CREATE TRIGGER z_wards_delete AFTER DELETE ON gis.wards REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION gis.wards_moved();

CREATE FUNCTION gis.network_is_fixed() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION 'extent and metric_srid of a network are fixed when it is made'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'networks_fixed';
END
$$;

CREATE TRIGGER a_fixed BEFORE UPDATE ON gis.networks FOR EACH ROW WHEN (OLD.metric_srid <> NEW.metric_srid OR OLD.extent <> NEW.extent) EXECUTE FUNCTION gis.network_is_fixed();

CREATE FUNCTION history.actor() RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, public, pg_temp
AS $$ SELECT nullif(current_setting('gis.person_id', true), '')::uuid $$;

CREATE FUNCTION history.refuse() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION '% is not allowed on %.%: history is only added to',
        TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER a_never_truncate BEFORE TRUNCATE ON history.transactions FOR EACH STATEMENT EXECUTE FUNCTION history.refuse();

CREATE TRIGGER a_append_only BEFORE UPDATE OR DELETE ON history.transactions FOR EACH STATEMENT EXECUTE FUNCTION history.refuse();

CREATE FUNCTION history.record_networks() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET enable_nestloop = off
AS $$
DECLARE
    here bigint := pg_current_xact_id()::text::bigint;
    who uuid := history.actor();
    what text := nullif(current_setting('gis.request_id', true), '');
    changed bigint;
    gone bigint := 0;
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO history.networks (operation, transaction_id, person_id, request_id, id, external_id, name, extent, metric_srid, synthetic, visibility, version, updated_at, extra)
        SELECT 'delete', here, who, what, id, external_id, name, extent, metric_srid, synthetic, visibility, version, updated_at, extra FROM old_rows;
        GET DIAGNOSTICS changed = ROW_COUNT;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO history.networks (operation, transaction_id, person_id, request_id, id, external_id, name, extent, metric_srid, synthetic, visibility, version, updated_at, extra)
        SELECT 'insert', here, who, what, id, external_id, name, extent, metric_srid, synthetic, visibility, version, updated_at, extra FROM new_rows;
        GET DIAGNOSTICS changed = ROW_COUNT;
    ELSE
        INSERT INTO history.networks (operation, transaction_id, person_id, request_id, id, external_id, name, extent, metric_srid, synthetic, visibility, version, updated_at, extra)
        SELECT 'delete', here, who, what, o.id, o.external_id, o.name, o.extent, o.metric_srid, o.synthetic, o.visibility, o.version, o.updated_at, o.extra
        FROM old_rows o LEFT JOIN new_rows n ON n.id = o.id WHERE n.id IS NULL;
        GET DIAGNOSTICS gone = ROW_COUNT;
        INSERT INTO history.networks (operation, transaction_id, person_id, request_id, id, external_id, name, extent, metric_srid, synthetic, visibility, version, updated_at, extra)
        SELECT CASE WHEN o.id IS NULL THEN 'insert' ELSE 'update' END, here, who, what, n.id, n.external_id, n.name, n.extent, n.metric_srid, n.synthetic, n.visibility, n.version, n.updated_at, n.extra
        FROM new_rows n LEFT JOIN old_rows o ON o.id = n.id WHERE o.id IS NULL OR n *<> o;
        GET DIAGNOSTICS changed = ROW_COUNT;
    END IF;
    IF changed + gone > 0 THEN
        PERFORM internal.touch('networks', 'staff');
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER b_history_insert AFTER INSERT ON gis.networks REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION history.record_networks();

CREATE TRIGGER b_history_update AFTER UPDATE ON gis.networks REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION history.record_networks();

CREATE TRIGGER b_history_delete AFTER DELETE ON gis.networks REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION history.record_networks();

CREATE TRIGGER a_never_truncate BEFORE TRUNCATE ON gis.networks FOR EACH STATEMENT EXECUTE FUNCTION history.refuse();

CREATE TRIGGER a_never_truncate BEFORE TRUNCATE ON history.networks FOR EACH STATEMENT EXECUTE FUNCTION history.refuse();

CREATE TRIGGER a_append_only BEFORE UPDATE OR DELETE ON history.networks FOR EACH STATEMENT EXECUTE FUNCTION history.refuse();

CREATE FUNCTION history.record_organisations() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET enable_nestloop = off
AS $$
DECLARE
    here bigint := pg_current_xact_id()::text::bigint;
    who uuid := history.actor();
    what text := nullif(current_setting('gis.request_id', true), '');
    changed bigint;
    gone bigint := 0;
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO history.organisations (operation, transaction_id, person_id, request_id, id, network_id, external_id, name, roles, country, website, visibility, version, updated_at, extra)
        SELECT 'delete', here, who, what, id, network_id, external_id, name, roles, country, website, visibility, version, updated_at, extra FROM old_rows;
        GET DIAGNOSTICS changed = ROW_COUNT;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO history.organisations (operation, transaction_id, person_id, request_id, id, network_id, external_id, name, roles, country, website, visibility, version, updated_at, extra)
        SELECT 'insert', here, who, what, id, network_id, external_id, name, roles, country, website, visibility, version, updated_at, extra FROM new_rows;
        GET DIAGNOSTICS changed = ROW_COUNT;
    ELSE
        INSERT INTO history.organisations (operation, transaction_id, person_id, request_id, id, network_id, external_id, name, roles, country, website, visibility, version, updated_at, extra)
        SELECT 'delete', here, who, what, o.id, o.network_id, o.external_id, o.name, o.roles, o.country, o.website, o.visibility, o.version, o.updated_at, o.extra
        FROM old_rows o LEFT JOIN new_rows n ON n.id = o.id WHERE n.id IS NULL;
        GET DIAGNOSTICS gone = ROW_COUNT;
        INSERT INTO history.organisations (operation, transaction_id, person_id, request_id, id, network_id, external_id, name, roles, country, website, visibility, version, updated_at, extra)
        SELECT CASE WHEN o.id IS NULL THEN 'insert' ELSE 'update' END, here, who, what, n.id, n.network_id, n.external_id, n.name, n.roles, n.country, n.website, n.visibility, n.version, n.updated_at, n.extra
        FROM new_rows n LEFT JOIN old_rows o ON o.id = n.id WHERE o.id IS NULL OR n *<> o;
        GET DIAGNOSTICS changed = ROW_COUNT;
    END IF;
    IF changed + gone > 0 THEN
        PERFORM internal.touch('organisations', 'staff');
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER b_history_insert AFTER INSERT ON gis.organisations REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION history.record_organisations();

CREATE TRIGGER b_history_update AFTER UPDATE ON gis.organisations REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION history.record_organisations();

CREATE TRIGGER b_history_delete AFTER DELETE ON gis.organisations REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION history.record_organisations();

CREATE TRIGGER a_never_truncate BEFORE TRUNCATE ON gis.organisations FOR EACH STATEMENT EXECUTE FUNCTION history.refuse();

CREATE TRIGGER a_never_truncate BEFORE TRUNCATE ON history.organisations FOR EACH STATEMENT EXECUTE FUNCTION history.refuse();

CREATE TRIGGER a_append_only BEFORE UPDATE OR DELETE ON history.organisations FOR EACH STATEMENT EXECUTE FUNCTION history.refuse();

CREATE FUNCTION history.record_phases() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET enable_nestloop = off
AS $$
DECLARE
    here bigint := pg_current_xact_id()::text::bigint;
    who uuid := history.actor();
    what text := nullif(current_setting('gis.request_id', true), '');
    changed bigint;
    gone bigint := 0;
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO history.phases (operation, transaction_id, person_id, request_id, id, network_id, external_id, name, description, starts_on, ends_on, funders, visibility, version, updated_at, extra)
        SELECT 'delete', here, who, what, id, network_id, external_id, name, description, starts_on, ends_on, funders, visibility, version, updated_at, extra FROM old_rows;
        GET DIAGNOSTICS changed = ROW_COUNT;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO history.phases (operation, transaction_id, person_id, request_id, id, network_id, external_id, name, description, starts_on, ends_on, funders, visibility, version, updated_at, extra)
        SELECT 'insert', here, who, what, id, network_id, external_id, name, description, starts_on, ends_on, funders, visibility, version, updated_at, extra FROM new_rows;
        GET DIAGNOSTICS changed = ROW_COUNT;
    ELSE
        INSERT INTO history.phases (operation, transaction_id, person_id, request_id, id, network_id, external_id, name, description, starts_on, ends_on, funders, visibility, version, updated_at, extra)
        SELECT 'delete', here, who, what, o.id, o.network_id, o.external_id, o.name, o.description, o.starts_on, o.ends_on, o.funders, o.visibility, o.version, o.updated_at, o.extra
        FROM old_rows o LEFT JOIN new_rows n ON n.id = o.id WHERE n.id IS NULL;
        GET DIAGNOSTICS gone = ROW_COUNT;
        INSERT INTO history.phases (operation, transaction_id, person_id, request_id, id, network_id, external_id, name, description, starts_on, ends_on, funders, visibility, version, updated_at, extra)
        SELECT CASE WHEN o.id IS NULL THEN 'insert' ELSE 'update' END, here, who, what, n.id, n.network_id, n.external_id, n.name, n.description, n.starts_on, n.ends_on, n.funders, n.visibility, n.version, n.updated_at, n.extra
        FROM new_rows n LEFT JOIN old_rows o ON o.id = n.id WHERE o.id IS NULL OR n *<> o;
        GET DIAGNOSTICS changed = ROW_COUNT;
    END IF;
    IF changed + gone > 0 THEN
        PERFORM internal.touch('phases', 'staff');
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER b_history_insert AFTER INSERT ON gis.phases REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION history.record_phases();

CREATE TRIGGER b_history_update AFTER UPDATE ON gis.phases REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION history.record_phases();

CREATE TRIGGER b_history_delete AFTER DELETE ON gis.phases REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION history.record_phases();

CREATE TRIGGER a_never_truncate BEFORE TRUNCATE ON gis.phases FOR EACH STATEMENT EXECUTE FUNCTION history.refuse();

CREATE TRIGGER a_never_truncate BEFORE TRUNCATE ON history.phases FOR EACH STATEMENT EXECUTE FUNCTION history.refuse();

CREATE TRIGGER a_append_only BEFORE UPDATE OR DELETE ON history.phases FOR EACH STATEMENT EXECUTE FUNCTION history.refuse();

CREATE FUNCTION history.record_contracts() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET enable_nestloop = off
AS $$
DECLARE
    here bigint := pg_current_xact_id()::text::bigint;
    who uuid := history.actor();
    what text := nullif(current_setting('gis.request_id', true), '');
    changed bigint;
    gone bigint := 0;
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO history.contracts (operation, transaction_id, person_id, request_id, id, network_id, external_id, name, description, contract_type, amount, currency, signed_on, documents, related_phases, visibility, version, updated_at, extra)
        SELECT 'delete', here, who, what, id, network_id, external_id, name, description, contract_type, amount, currency, signed_on, documents, related_phases, visibility, version, updated_at, extra FROM old_rows;
        GET DIAGNOSTICS changed = ROW_COUNT;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO history.contracts (operation, transaction_id, person_id, request_id, id, network_id, external_id, name, description, contract_type, amount, currency, signed_on, documents, related_phases, visibility, version, updated_at, extra)
        SELECT 'insert', here, who, what, id, network_id, external_id, name, description, contract_type, amount, currency, signed_on, documents, related_phases, visibility, version, updated_at, extra FROM new_rows;
        GET DIAGNOSTICS changed = ROW_COUNT;
    ELSE
        INSERT INTO history.contracts (operation, transaction_id, person_id, request_id, id, network_id, external_id, name, description, contract_type, amount, currency, signed_on, documents, related_phases, visibility, version, updated_at, extra)
        SELECT 'delete', here, who, what, o.id, o.network_id, o.external_id, o.name, o.description, o.contract_type, o.amount, o.currency, o.signed_on, o.documents, o.related_phases, o.visibility, o.version, o.updated_at, o.extra
        FROM old_rows o LEFT JOIN new_rows n ON n.id = o.id WHERE n.id IS NULL;
        GET DIAGNOSTICS gone = ROW_COUNT;
        INSERT INTO history.contracts (operation, transaction_id, person_id, request_id, id, network_id, external_id, name, description, contract_type, amount, currency, signed_on, documents, related_phases, visibility, version, updated_at, extra)
        SELECT CASE WHEN o.id IS NULL THEN 'insert' ELSE 'update' END, here, who, what, n.id, n.network_id, n.external_id, n.name, n.description, n.contract_type, n.amount, n.currency, n.signed_on, n.documents, n.related_phases, n.visibility, n.version, n.updated_at, n.extra
        FROM new_rows n LEFT JOIN old_rows o ON o.id = n.id WHERE o.id IS NULL OR n *<> o;
        GET DIAGNOSTICS changed = ROW_COUNT;
    END IF;
    IF changed + gone > 0 THEN
        PERFORM internal.touch('contracts', 'staff');
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER b_history_insert AFTER INSERT ON gis.contracts REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION history.record_contracts();

CREATE TRIGGER b_history_update AFTER UPDATE ON gis.contracts REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION history.record_contracts();

CREATE TRIGGER b_history_delete AFTER DELETE ON gis.contracts REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION history.record_contracts();

CREATE TRIGGER a_never_truncate BEFORE TRUNCATE ON gis.contracts FOR EACH STATEMENT EXECUTE FUNCTION history.refuse();

CREATE TRIGGER a_never_truncate BEFORE TRUNCATE ON history.contracts FOR EACH STATEMENT EXECUTE FUNCTION history.refuse();

CREATE TRIGGER a_append_only BEFORE UPDATE OR DELETE ON history.contracts FOR EACH STATEMENT EXECUTE FUNCTION history.refuse();

CREATE FUNCTION history.record_wayleaves() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET enable_nestloop = off
AS $$
DECLARE
    here bigint := pg_current_xact_id()::text::bigint;
    who uuid := history.actor();
    what text := nullif(current_setting('gis.request_id', true), '');
    changed bigint;
    gone bigint := 0;
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO history.wayleaves (operation, transaction_id, person_id, request_id, id, network_id, external_id, grantor, year_signed, indefinite, term_years, cost_recurring, cost_per_metre, currency, visibility, version, updated_at, extra)
        SELECT 'delete', here, who, what, id, network_id, external_id, grantor, year_signed, indefinite, term_years, cost_recurring, cost_per_metre, currency, visibility, version, updated_at, extra FROM old_rows;
        GET DIAGNOSTICS changed = ROW_COUNT;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO history.wayleaves (operation, transaction_id, person_id, request_id, id, network_id, external_id, grantor, year_signed, indefinite, term_years, cost_recurring, cost_per_metre, currency, visibility, version, updated_at, extra)
        SELECT 'insert', here, who, what, id, network_id, external_id, grantor, year_signed, indefinite, term_years, cost_recurring, cost_per_metre, currency, visibility, version, updated_at, extra FROM new_rows;
        GET DIAGNOSTICS changed = ROW_COUNT;
    ELSE
        INSERT INTO history.wayleaves (operation, transaction_id, person_id, request_id, id, network_id, external_id, grantor, year_signed, indefinite, term_years, cost_recurring, cost_per_metre, currency, visibility, version, updated_at, extra)
        SELECT 'delete', here, who, what, o.id, o.network_id, o.external_id, o.grantor, o.year_signed, o.indefinite, o.term_years, o.cost_recurring, o.cost_per_metre, o.currency, o.visibility, o.version, o.updated_at, o.extra
        FROM old_rows o LEFT JOIN new_rows n ON n.id = o.id WHERE n.id IS NULL;
        GET DIAGNOSTICS gone = ROW_COUNT;
        INSERT INTO history.wayleaves (operation, transaction_id, person_id, request_id, id, network_id, external_id, grantor, year_signed, indefinite, term_years, cost_recurring, cost_per_metre, currency, visibility, version, updated_at, extra)
        SELECT CASE WHEN o.id IS NULL THEN 'insert' ELSE 'update' END, here, who, what, n.id, n.network_id, n.external_id, n.grantor, n.year_signed, n.indefinite, n.term_years, n.cost_recurring, n.cost_per_metre, n.currency, n.visibility, n.version, n.updated_at, n.extra
        FROM new_rows n LEFT JOIN old_rows o ON o.id = n.id WHERE o.id IS NULL OR n *<> o;
        GET DIAGNOSTICS changed = ROW_COUNT;
    END IF;
    IF changed + gone > 0 THEN
        PERFORM internal.touch('wayleaves', 'staff');
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER b_history_insert AFTER INSERT ON gis.wayleaves REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION history.record_wayleaves();

CREATE TRIGGER b_history_update AFTER UPDATE ON gis.wayleaves REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION history.record_wayleaves();

CREATE TRIGGER b_history_delete AFTER DELETE ON gis.wayleaves REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION history.record_wayleaves();

CREATE TRIGGER a_never_truncate BEFORE TRUNCATE ON gis.wayleaves FOR EACH STATEMENT EXECUTE FUNCTION history.refuse();

CREATE TRIGGER a_never_truncate BEFORE TRUNCATE ON history.wayleaves FOR EACH STATEMENT EXECUTE FUNCTION history.refuse();

CREATE TRIGGER a_append_only BEFORE UPDATE OR DELETE ON history.wayleaves FOR EACH STATEMENT EXECUTE FUNCTION history.refuse();

CREATE FUNCTION history.record_wards() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET enable_nestloop = off
AS $$
DECLARE
    here bigint := pg_current_xact_id()::text::bigint;
    who uuid := history.actor();
    what text := nullif(current_setting('gis.request_id', true), '');
    changed bigint;
    gone bigint := 0;
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO history.wards (operation, transaction_id, person_id, request_id, id, code, name, constituency, population, population_year, source, outline_approximate, visibility, version, updated_at, extra, geom)
        SELECT 'delete', here, who, what, id, code, name, constituency, population, population_year, source, outline_approximate, visibility, version, updated_at, extra, geom FROM old_rows;
        GET DIAGNOSTICS changed = ROW_COUNT;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO history.wards (operation, transaction_id, person_id, request_id, id, code, name, constituency, population, population_year, source, outline_approximate, visibility, version, updated_at, extra, geom)
        SELECT 'insert', here, who, what, id, code, name, constituency, population, population_year, source, outline_approximate, visibility, version, updated_at, extra, geom FROM new_rows;
        GET DIAGNOSTICS changed = ROW_COUNT;
    ELSE
        INSERT INTO history.wards (operation, transaction_id, person_id, request_id, id, code, name, constituency, population, population_year, source, outline_approximate, visibility, version, updated_at, extra, geom)
        SELECT 'delete', here, who, what, o.id, o.code, o.name, o.constituency, o.population, o.population_year, o.source, o.outline_approximate, o.visibility, o.version, o.updated_at, o.extra, o.geom
        FROM old_rows o LEFT JOIN new_rows n ON n.id = o.id WHERE n.id IS NULL;
        GET DIAGNOSTICS gone = ROW_COUNT;
        INSERT INTO history.wards (operation, transaction_id, person_id, request_id, id, code, name, constituency, population, population_year, source, outline_approximate, visibility, version, updated_at, extra, geom)
        SELECT CASE WHEN o.id IS NULL THEN 'insert' ELSE 'update' END, here, who, what, n.id, n.code, n.name, n.constituency, n.population, n.population_year, n.source, n.outline_approximate, n.visibility, n.version, n.updated_at, n.extra, n.geom
        FROM new_rows n LEFT JOIN old_rows o ON o.id = n.id WHERE o.id IS NULL OR n *<> o;
        GET DIAGNOSTICS changed = ROW_COUNT;
    END IF;
    IF changed + gone > 0 THEN
        PERFORM internal.touch('wards', 'staff');
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER b_history_insert AFTER INSERT ON gis.wards REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION history.record_wards();

CREATE TRIGGER b_history_update AFTER UPDATE ON gis.wards REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION history.record_wards();

CREATE TRIGGER b_history_delete AFTER DELETE ON gis.wards REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION history.record_wards();

CREATE TRIGGER a_never_truncate BEFORE TRUNCATE ON gis.wards FOR EACH STATEMENT EXECUTE FUNCTION history.refuse();

CREATE TRIGGER a_never_truncate BEFORE TRUNCATE ON history.wards FOR EACH STATEMENT EXECUTE FUNCTION history.refuse();

CREATE TRIGGER a_append_only BEFORE UPDATE OR DELETE ON history.wards FOR EACH STATEMENT EXECUTE FUNCTION history.refuse();

CREATE FUNCTION history.record_roads() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET enable_nestloop = off
AS $$
DECLARE
    here bigint := pg_current_xact_id()::text::bigint;
    who uuid := history.actor();
    what text := nullif(current_setting('gis.request_id', true), '');
    changed bigint;
    gone bigint := 0;
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO history.roads (operation, transaction_id, person_id, request_id, id, external_id, name, road_class, source, visibility, version, updated_at, extra, geom)
        SELECT 'delete', here, who, what, id, external_id, name, road_class, source, visibility, version, updated_at, extra, geom FROM old_rows;
        GET DIAGNOSTICS changed = ROW_COUNT;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO history.roads (operation, transaction_id, person_id, request_id, id, external_id, name, road_class, source, visibility, version, updated_at, extra, geom)
        SELECT 'insert', here, who, what, id, external_id, name, road_class, source, visibility, version, updated_at, extra, geom FROM new_rows;
        GET DIAGNOSTICS changed = ROW_COUNT;
    ELSE
        INSERT INTO history.roads (operation, transaction_id, person_id, request_id, id, external_id, name, road_class, source, visibility, version, updated_at, extra, geom)
        SELECT 'delete', here, who, what, o.id, o.external_id, o.name, o.road_class, o.source, o.visibility, o.version, o.updated_at, o.extra, o.geom
        FROM old_rows o LEFT JOIN new_rows n ON n.id = o.id WHERE n.id IS NULL;
        GET DIAGNOSTICS gone = ROW_COUNT;
        INSERT INTO history.roads (operation, transaction_id, person_id, request_id, id, external_id, name, road_class, source, visibility, version, updated_at, extra, geom)
        SELECT CASE WHEN o.id IS NULL THEN 'insert' ELSE 'update' END, here, who, what, n.id, n.external_id, n.name, n.road_class, n.source, n.visibility, n.version, n.updated_at, n.extra, n.geom
        FROM new_rows n LEFT JOIN old_rows o ON o.id = n.id WHERE o.id IS NULL OR n *<> o;
        GET DIAGNOSTICS changed = ROW_COUNT;
    END IF;
    IF changed + gone > 0 THEN
        PERFORM internal.touch('roads', 'staff');
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER b_history_insert AFTER INSERT ON gis.roads REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION history.record_roads();

CREATE TRIGGER b_history_update AFTER UPDATE ON gis.roads REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION history.record_roads();

CREATE TRIGGER b_history_delete AFTER DELETE ON gis.roads REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION history.record_roads();

CREATE TRIGGER a_never_truncate BEFORE TRUNCATE ON gis.roads FOR EACH STATEMENT EXECUTE FUNCTION history.refuse();

CREATE TRIGGER a_never_truncate BEFORE TRUNCATE ON history.roads FOR EACH STATEMENT EXECUTE FUNCTION history.refuse();

CREATE TRIGGER a_append_only BEFORE UPDATE OR DELETE ON history.roads FOR EACH STATEMENT EXECUTE FUNCTION history.refuse();

CREATE FUNCTION history.record_population() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET enable_nestloop = off
AS $$
DECLARE
    here bigint := pg_current_xact_id()::text::bigint;
    who uuid := history.actor();
    what text := nullif(current_setting('gis.request_id', true), '');
    changed bigint;
    gone bigint := 0;
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO history.population (operation, transaction_id, person_id, request_id, id, external_id, people, year, source, visibility, version, updated_at, extra, geom)
        SELECT 'delete', here, who, what, id, external_id, people, year, source, visibility, version, updated_at, extra, geom FROM old_rows;
        GET DIAGNOSTICS changed = ROW_COUNT;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO history.population (operation, transaction_id, person_id, request_id, id, external_id, people, year, source, visibility, version, updated_at, extra, geom)
        SELECT 'insert', here, who, what, id, external_id, people, year, source, visibility, version, updated_at, extra, geom FROM new_rows;
        GET DIAGNOSTICS changed = ROW_COUNT;
    ELSE
        INSERT INTO history.population (operation, transaction_id, person_id, request_id, id, external_id, people, year, source, visibility, version, updated_at, extra, geom)
        SELECT 'delete', here, who, what, o.id, o.external_id, o.people, o.year, o.source, o.visibility, o.version, o.updated_at, o.extra, o.geom
        FROM old_rows o LEFT JOIN new_rows n ON n.id = o.id WHERE n.id IS NULL;
        GET DIAGNOSTICS gone = ROW_COUNT;
        INSERT INTO history.population (operation, transaction_id, person_id, request_id, id, external_id, people, year, source, visibility, version, updated_at, extra, geom)
        SELECT CASE WHEN o.id IS NULL THEN 'insert' ELSE 'update' END, here, who, what, n.id, n.external_id, n.people, n.year, n.source, n.visibility, n.version, n.updated_at, n.extra, n.geom
        FROM new_rows n LEFT JOIN old_rows o ON o.id = n.id WHERE o.id IS NULL OR n *<> o;
        GET DIAGNOSTICS changed = ROW_COUNT;
    END IF;
    IF changed + gone > 0 THEN
        PERFORM internal.touch('population', 'staff');
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER b_history_insert AFTER INSERT ON gis.population REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION history.record_population();

CREATE TRIGGER b_history_update AFTER UPDATE ON gis.population REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION history.record_population();

CREATE TRIGGER b_history_delete AFTER DELETE ON gis.population REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION history.record_population();

CREATE TRIGGER a_never_truncate BEFORE TRUNCATE ON gis.population FOR EACH STATEMENT EXECUTE FUNCTION history.refuse();

CREATE TRIGGER a_never_truncate BEFORE TRUNCATE ON history.population FOR EACH STATEMENT EXECUTE FUNCTION history.refuse();

CREATE TRIGGER a_append_only BEFORE UPDATE OR DELETE ON history.population FOR EACH STATEMENT EXECUTE FUNCTION history.refuse();

CREATE FUNCTION history.record_network_nodes() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET enable_nestloop = off
AS $$
DECLARE
    here bigint := pg_current_xact_id()::text::bigint;
    who uuid := history.actor();
    what text := nullif(current_setting('gis.request_id', true), '');
    changed bigint;
    gone bigint := 0;
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO history.network_nodes (operation, transaction_id, person_id, request_id, id, network_id, external_id, name, status, type, infrastructure, public_wifi, gateway, access_point, spare_capacity, power, technologies, owner, providers, phase, address, accuracy_m, slack_m, visibility, version, updated_at, extra, geom)
        SELECT 'delete', here, who, what, id, network_id, external_id, name, status, type, infrastructure, public_wifi, gateway, access_point, spare_capacity, power, technologies, owner, providers, phase, address, accuracy_m, slack_m, visibility, version, updated_at, extra, geom FROM old_rows;
        GET DIAGNOSTICS changed = ROW_COUNT;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO history.network_nodes (operation, transaction_id, person_id, request_id, id, network_id, external_id, name, status, type, infrastructure, public_wifi, gateway, access_point, spare_capacity, power, technologies, owner, providers, phase, address, accuracy_m, slack_m, visibility, version, updated_at, extra, geom)
        SELECT 'insert', here, who, what, id, network_id, external_id, name, status, type, infrastructure, public_wifi, gateway, access_point, spare_capacity, power, technologies, owner, providers, phase, address, accuracy_m, slack_m, visibility, version, updated_at, extra, geom FROM new_rows;
        GET DIAGNOSTICS changed = ROW_COUNT;
    ELSE
        INSERT INTO history.network_nodes (operation, transaction_id, person_id, request_id, id, network_id, external_id, name, status, type, infrastructure, public_wifi, gateway, access_point, spare_capacity, power, technologies, owner, providers, phase, address, accuracy_m, slack_m, visibility, version, updated_at, extra, geom)
        SELECT 'delete', here, who, what, o.id, o.network_id, o.external_id, o.name, o.status, o.type, o.infrastructure, o.public_wifi, o.gateway, o.access_point, o.spare_capacity, o.power, o.technologies, o.owner, o.providers, o.phase, o.address, o.accuracy_m, o.slack_m, o.visibility, o.version, o.updated_at, o.extra, o.geom
        FROM old_rows o LEFT JOIN new_rows n ON n.id = o.id WHERE n.id IS NULL;
        GET DIAGNOSTICS gone = ROW_COUNT;
        INSERT INTO history.network_nodes (operation, transaction_id, person_id, request_id, id, network_id, external_id, name, status, type, infrastructure, public_wifi, gateway, access_point, spare_capacity, power, technologies, owner, providers, phase, address, accuracy_m, slack_m, visibility, version, updated_at, extra, geom)
        SELECT CASE WHEN o.id IS NULL THEN 'insert' ELSE 'update' END, here, who, what, n.id, n.network_id, n.external_id, n.name, n.status, n.type, n.infrastructure, n.public_wifi, n.gateway, n.access_point, n.spare_capacity, n.power, n.technologies, n.owner, n.providers, n.phase, n.address, n.accuracy_m, n.slack_m, n.visibility, n.version, n.updated_at, n.extra, n.geom
        FROM new_rows n LEFT JOIN old_rows o ON o.id = n.id WHERE o.id IS NULL OR n *<> o;
        GET DIAGNOSTICS changed = ROW_COUNT;
    END IF;
    IF changed + gone > 0 THEN
        PERFORM internal.touch('network_nodes', 'staff');
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER b_history_insert AFTER INSERT ON gis.network_nodes REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION history.record_network_nodes();

CREATE TRIGGER b_history_update AFTER UPDATE ON gis.network_nodes REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION history.record_network_nodes();

CREATE TRIGGER b_history_delete AFTER DELETE ON gis.network_nodes REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION history.record_network_nodes();

CREATE TRIGGER a_never_truncate BEFORE TRUNCATE ON gis.network_nodes FOR EACH STATEMENT EXECUTE FUNCTION history.refuse();

CREATE TRIGGER a_never_truncate BEFORE TRUNCATE ON history.network_nodes FOR EACH STATEMENT EXECUTE FUNCTION history.refuse();

CREATE TRIGGER a_append_only BEFORE UPDATE OR DELETE ON history.network_nodes FOR EACH STATEMENT EXECUTE FUNCTION history.refuse();

CREATE FUNCTION history.record_fibre_links() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET enable_nestloop = off
AS $$
DECLARE
    here bigint := pg_current_xact_id()::text::bigint;
    who uuid := history.actor();
    what text := nullif(current_setting('gis.request_id', true), '');
    changed bigint;
    gone bigint := 0;
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO history.fibre_links (operation, transaction_id, person_id, request_id, id, network_id, external_id, name, status, start_node, end_node, medium, deployment, fibre_type, fibre_count, spare_fibres, fibre_length_m, route_length_m, splices, connectors, capacity_gbps, technologies, owner, providers, supplier, dark_fibre, shared_trench, phase, ready_for_service_date, visibility, version, updated_at, extra, geom)
        SELECT 'delete', here, who, what, id, network_id, external_id, name, status, start_node, end_node, medium, deployment, fibre_type, fibre_count, spare_fibres, fibre_length_m, route_length_m, splices, connectors, capacity_gbps, technologies, owner, providers, supplier, dark_fibre, shared_trench, phase, ready_for_service_date, visibility, version, updated_at, extra, geom FROM old_rows;
        GET DIAGNOSTICS changed = ROW_COUNT;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO history.fibre_links (operation, transaction_id, person_id, request_id, id, network_id, external_id, name, status, start_node, end_node, medium, deployment, fibre_type, fibre_count, spare_fibres, fibre_length_m, route_length_m, splices, connectors, capacity_gbps, technologies, owner, providers, supplier, dark_fibre, shared_trench, phase, ready_for_service_date, visibility, version, updated_at, extra, geom)
        SELECT 'insert', here, who, what, id, network_id, external_id, name, status, start_node, end_node, medium, deployment, fibre_type, fibre_count, spare_fibres, fibre_length_m, route_length_m, splices, connectors, capacity_gbps, technologies, owner, providers, supplier, dark_fibre, shared_trench, phase, ready_for_service_date, visibility, version, updated_at, extra, geom FROM new_rows;
        GET DIAGNOSTICS changed = ROW_COUNT;
    ELSE
        INSERT INTO history.fibre_links (operation, transaction_id, person_id, request_id, id, network_id, external_id, name, status, start_node, end_node, medium, deployment, fibre_type, fibre_count, spare_fibres, fibre_length_m, route_length_m, splices, connectors, capacity_gbps, technologies, owner, providers, supplier, dark_fibre, shared_trench, phase, ready_for_service_date, visibility, version, updated_at, extra, geom)
        SELECT 'delete', here, who, what, o.id, o.network_id, o.external_id, o.name, o.status, o.start_node, o.end_node, o.medium, o.deployment, o.fibre_type, o.fibre_count, o.spare_fibres, o.fibre_length_m, o.route_length_m, o.splices, o.connectors, o.capacity_gbps, o.technologies, o.owner, o.providers, o.supplier, o.dark_fibre, o.shared_trench, o.phase, o.ready_for_service_date, o.visibility, o.version, o.updated_at, o.extra, o.geom
        FROM old_rows o LEFT JOIN new_rows n ON n.id = o.id WHERE n.id IS NULL;
        GET DIAGNOSTICS gone = ROW_COUNT;
        INSERT INTO history.fibre_links (operation, transaction_id, person_id, request_id, id, network_id, external_id, name, status, start_node, end_node, medium, deployment, fibre_type, fibre_count, spare_fibres, fibre_length_m, route_length_m, splices, connectors, capacity_gbps, technologies, owner, providers, supplier, dark_fibre, shared_trench, phase, ready_for_service_date, visibility, version, updated_at, extra, geom)
        SELECT CASE WHEN o.id IS NULL THEN 'insert' ELSE 'update' END, here, who, what, n.id, n.network_id, n.external_id, n.name, n.status, n.start_node, n.end_node, n.medium, n.deployment, n.fibre_type, n.fibre_count, n.spare_fibres, n.fibre_length_m, n.route_length_m, n.splices, n.connectors, n.capacity_gbps, n.technologies, n.owner, n.providers, n.supplier, n.dark_fibre, n.shared_trench, n.phase, n.ready_for_service_date, n.visibility, n.version, n.updated_at, n.extra, n.geom
        FROM new_rows n LEFT JOIN old_rows o ON o.id = n.id WHERE o.id IS NULL OR n *<> o;
        GET DIAGNOSTICS changed = ROW_COUNT;
    END IF;
    IF changed + gone > 0 THEN
        PERFORM internal.touch('fibre_links', 'staff');
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER b_history_insert AFTER INSERT ON gis.fibre_links REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION history.record_fibre_links();

CREATE TRIGGER b_history_update AFTER UPDATE ON gis.fibre_links REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION history.record_fibre_links();

CREATE TRIGGER b_history_delete AFTER DELETE ON gis.fibre_links REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION history.record_fibre_links();

CREATE TRIGGER a_never_truncate BEFORE TRUNCATE ON gis.fibre_links FOR EACH STATEMENT EXECUTE FUNCTION history.refuse();

CREATE TRIGGER a_never_truncate BEFORE TRUNCATE ON history.fibre_links FOR EACH STATEMENT EXECUTE FUNCTION history.refuse();

CREATE TRIGGER a_append_only BEFORE UPDATE OR DELETE ON history.fibre_links FOR EACH STATEMENT EXECUTE FUNCTION history.refuse();

CREATE FUNCTION history.record_structures() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET enable_nestloop = off
AS $$
DECLARE
    here bigint := pg_current_xact_id()::text::bigint;
    who uuid := history.actor();
    what text := nullif(current_setting('gis.request_id', true), '');
    changed bigint;
    gone bigint := 0;
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO history.structures (operation, transaction_id, person_id, request_id, id, network_id, external_id, name, structure_type, link, position_m, slack_m, owner, accuracy_m, visibility, version, updated_at, extra, geom)
        SELECT 'delete', here, who, what, id, network_id, external_id, name, structure_type, link, position_m, slack_m, owner, accuracy_m, visibility, version, updated_at, extra, geom FROM old_rows;
        GET DIAGNOSTICS changed = ROW_COUNT;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO history.structures (operation, transaction_id, person_id, request_id, id, network_id, external_id, name, structure_type, link, position_m, slack_m, owner, accuracy_m, visibility, version, updated_at, extra, geom)
        SELECT 'insert', here, who, what, id, network_id, external_id, name, structure_type, link, position_m, slack_m, owner, accuracy_m, visibility, version, updated_at, extra, geom FROM new_rows;
        GET DIAGNOSTICS changed = ROW_COUNT;
    ELSE
        INSERT INTO history.structures (operation, transaction_id, person_id, request_id, id, network_id, external_id, name, structure_type, link, position_m, slack_m, owner, accuracy_m, visibility, version, updated_at, extra, geom)
        SELECT 'delete', here, who, what, o.id, o.network_id, o.external_id, o.name, o.structure_type, o.link, o.position_m, o.slack_m, o.owner, o.accuracy_m, o.visibility, o.version, o.updated_at, o.extra, o.geom
        FROM old_rows o LEFT JOIN new_rows n ON n.id = o.id WHERE n.id IS NULL;
        GET DIAGNOSTICS gone = ROW_COUNT;
        INSERT INTO history.structures (operation, transaction_id, person_id, request_id, id, network_id, external_id, name, structure_type, link, position_m, slack_m, owner, accuracy_m, visibility, version, updated_at, extra, geom)
        SELECT CASE WHEN o.id IS NULL THEN 'insert' ELSE 'update' END, here, who, what, n.id, n.network_id, n.external_id, n.name, n.structure_type, n.link, n.position_m, n.slack_m, n.owner, n.accuracy_m, n.visibility, n.version, n.updated_at, n.extra, n.geom
        FROM new_rows n LEFT JOIN old_rows o ON o.id = n.id WHERE o.id IS NULL OR n *<> o;
        GET DIAGNOSTICS changed = ROW_COUNT;
    END IF;
    IF changed + gone > 0 THEN
        PERFORM internal.touch('structures', 'staff');
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER b_history_insert AFTER INSERT ON gis.structures REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION history.record_structures();

CREATE TRIGGER b_history_update AFTER UPDATE ON gis.structures REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION history.record_structures();

CREATE TRIGGER b_history_delete AFTER DELETE ON gis.structures REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION history.record_structures();

CREATE TRIGGER a_never_truncate BEFORE TRUNCATE ON gis.structures FOR EACH STATEMENT EXECUTE FUNCTION history.refuse();

CREATE TRIGGER a_never_truncate BEFORE TRUNCATE ON history.structures FOR EACH STATEMENT EXECUTE FUNCTION history.refuse();

CREATE TRIGGER a_append_only BEFORE UPDATE OR DELETE ON history.structures FOR EACH STATEMENT EXECUTE FUNCTION history.refuse();

CREATE FUNCTION history.record_offices() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET enable_nestloop = off
AS $$
DECLARE
    here bigint := pg_current_xact_id()::text::bigint;
    who uuid := history.actor();
    what text := nullif(current_setting('gis.request_id', true), '');
    changed bigint;
    gone bigint := 0;
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO history.offices (operation, transaction_id, person_id, request_id, id, network_id, external_id, name, office_type, theme, served_by, connection, connected_since, technology, required_mbps, measured_mbps, staff, beneficiaries, ward, contact, visibility, version, updated_at, extra, geom)
        SELECT 'delete', here, who, what, id, network_id, external_id, name, office_type, theme, served_by, connection, connected_since, technology, required_mbps, measured_mbps, staff, beneficiaries, ward, contact, visibility, version, updated_at, extra, geom FROM old_rows;
        GET DIAGNOSTICS changed = ROW_COUNT;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO history.offices (operation, transaction_id, person_id, request_id, id, network_id, external_id, name, office_type, theme, served_by, connection, connected_since, technology, required_mbps, measured_mbps, staff, beneficiaries, ward, contact, visibility, version, updated_at, extra, geom)
        SELECT 'insert', here, who, what, id, network_id, external_id, name, office_type, theme, served_by, connection, connected_since, technology, required_mbps, measured_mbps, staff, beneficiaries, ward, contact, visibility, version, updated_at, extra, geom FROM new_rows;
        GET DIAGNOSTICS changed = ROW_COUNT;
    ELSE
        INSERT INTO history.offices (operation, transaction_id, person_id, request_id, id, network_id, external_id, name, office_type, theme, served_by, connection, connected_since, technology, required_mbps, measured_mbps, staff, beneficiaries, ward, contact, visibility, version, updated_at, extra, geom)
        SELECT 'delete', here, who, what, o.id, o.network_id, o.external_id, o.name, o.office_type, o.theme, o.served_by, o.connection, o.connected_since, o.technology, o.required_mbps, o.measured_mbps, o.staff, o.beneficiaries, o.ward, o.contact, o.visibility, o.version, o.updated_at, o.extra, o.geom
        FROM old_rows o LEFT JOIN new_rows n ON n.id = o.id WHERE n.id IS NULL;
        GET DIAGNOSTICS gone = ROW_COUNT;
        INSERT INTO history.offices (operation, transaction_id, person_id, request_id, id, network_id, external_id, name, office_type, theme, served_by, connection, connected_since, technology, required_mbps, measured_mbps, staff, beneficiaries, ward, contact, visibility, version, updated_at, extra, geom)
        SELECT CASE WHEN o.id IS NULL THEN 'insert' ELSE 'update' END, here, who, what, n.id, n.network_id, n.external_id, n.name, n.office_type, n.theme, n.served_by, n.connection, n.connected_since, n.technology, n.required_mbps, n.measured_mbps, n.staff, n.beneficiaries, n.ward, n.contact, n.visibility, n.version, n.updated_at, n.extra, n.geom
        FROM new_rows n LEFT JOIN old_rows o ON o.id = n.id WHERE o.id IS NULL OR n *<> o;
        GET DIAGNOSTICS changed = ROW_COUNT;
    END IF;
    IF changed + gone > 0 THEN
        PERFORM internal.touch('offices', 'staff');
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER b_history_insert AFTER INSERT ON gis.offices REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION history.record_offices();

CREATE TRIGGER b_history_update AFTER UPDATE ON gis.offices REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION history.record_offices();

CREATE TRIGGER b_history_delete AFTER DELETE ON gis.offices REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION history.record_offices();

CREATE TRIGGER a_never_truncate BEFORE TRUNCATE ON gis.offices FOR EACH STATEMENT EXECUTE FUNCTION history.refuse();

CREATE TRIGGER a_never_truncate BEFORE TRUNCATE ON history.offices FOR EACH STATEMENT EXECUTE FUNCTION history.refuse();

CREATE TRIGGER a_append_only BEFORE UPDATE OR DELETE ON history.offices FOR EACH STATEMENT EXECUTE FUNCTION history.refuse();

CREATE FUNCTION history.record_equipment() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET enable_nestloop = off
AS $$
DECLARE
    here bigint := pg_current_xact_id()::text::bigint;
    who uuid := history.actor();
    what text := nullif(current_setting('gis.request_id', true), '');
    changed bigint;
    gone bigint := 0;
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO history.equipment (operation, transaction_id, person_id, request_id, id, network_id, external_id, asset_tag, serial, category, make, model, node, office, management_address, lan_address, wan_address, lifecycle, order_number, supplier, installed_on, warranty_until, certification_interval_months, visibility, version, updated_at, extra)
        SELECT 'delete', here, who, what, id, network_id, external_id, asset_tag, serial, category, make, model, node, office, management_address, lan_address, wan_address, lifecycle, order_number, supplier, installed_on, warranty_until, certification_interval_months, visibility, version, updated_at, extra FROM old_rows;
        GET DIAGNOSTICS changed = ROW_COUNT;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO history.equipment (operation, transaction_id, person_id, request_id, id, network_id, external_id, asset_tag, serial, category, make, model, node, office, management_address, lan_address, wan_address, lifecycle, order_number, supplier, installed_on, warranty_until, certification_interval_months, visibility, version, updated_at, extra)
        SELECT 'insert', here, who, what, id, network_id, external_id, asset_tag, serial, category, make, model, node, office, management_address, lan_address, wan_address, lifecycle, order_number, supplier, installed_on, warranty_until, certification_interval_months, visibility, version, updated_at, extra FROM new_rows;
        GET DIAGNOSTICS changed = ROW_COUNT;
    ELSE
        INSERT INTO history.equipment (operation, transaction_id, person_id, request_id, id, network_id, external_id, asset_tag, serial, category, make, model, node, office, management_address, lan_address, wan_address, lifecycle, order_number, supplier, installed_on, warranty_until, certification_interval_months, visibility, version, updated_at, extra)
        SELECT 'delete', here, who, what, o.id, o.network_id, o.external_id, o.asset_tag, o.serial, o.category, o.make, o.model, o.node, o.office, o.management_address, o.lan_address, o.wan_address, o.lifecycle, o.order_number, o.supplier, o.installed_on, o.warranty_until, o.certification_interval_months, o.visibility, o.version, o.updated_at, o.extra
        FROM old_rows o LEFT JOIN new_rows n ON n.id = o.id WHERE n.id IS NULL;
        GET DIAGNOSTICS gone = ROW_COUNT;
        INSERT INTO history.equipment (operation, transaction_id, person_id, request_id, id, network_id, external_id, asset_tag, serial, category, make, model, node, office, management_address, lan_address, wan_address, lifecycle, order_number, supplier, installed_on, warranty_until, certification_interval_months, visibility, version, updated_at, extra)
        SELECT CASE WHEN o.id IS NULL THEN 'insert' ELSE 'update' END, here, who, what, n.id, n.network_id, n.external_id, n.asset_tag, n.serial, n.category, n.make, n.model, n.node, n.office, n.management_address, n.lan_address, n.wan_address, n.lifecycle, n.order_number, n.supplier, n.installed_on, n.warranty_until, n.certification_interval_months, n.visibility, n.version, n.updated_at, n.extra
        FROM new_rows n LEFT JOIN old_rows o ON o.id = n.id WHERE o.id IS NULL OR n *<> o;
        GET DIAGNOSTICS changed = ROW_COUNT;
    END IF;
    IF changed + gone > 0 THEN
        PERFORM internal.touch('equipment', 'staff');
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER b_history_insert AFTER INSERT ON gis.equipment REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION history.record_equipment();

CREATE TRIGGER b_history_update AFTER UPDATE ON gis.equipment REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION history.record_equipment();

CREATE TRIGGER b_history_delete AFTER DELETE ON gis.equipment REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION history.record_equipment();

CREATE TRIGGER a_never_truncate BEFORE TRUNCATE ON gis.equipment FOR EACH STATEMENT EXECUTE FUNCTION history.refuse();

CREATE TRIGGER a_never_truncate BEFORE TRUNCATE ON history.equipment FOR EACH STATEMENT EXECUTE FUNCTION history.refuse();

CREATE TRIGGER a_append_only BEFORE UPDATE OR DELETE ON history.equipment FOR EACH STATEMENT EXECUTE FUNCTION history.refuse();

CREATE FUNCTION history.record_work_log() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET enable_nestloop = off
AS $$
DECLARE
    here bigint := pg_current_xact_id()::text::bigint;
    who uuid := history.actor();
    what text := nullif(current_setting('gis.request_id', true), '');
    changed bigint;
    gone bigint := 0;
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO history.work_log (operation, transaction_id, person_id, request_id, id, network_id, external_id, kind, equipment, node, link, occurred_at, recorded_at, by, result, notes, visibility, version, updated_at, extra)
        SELECT 'delete', here, who, what, id, network_id, external_id, kind, equipment, node, link, occurred_at, recorded_at, by, result, notes, visibility, version, updated_at, extra FROM old_rows;
        GET DIAGNOSTICS changed = ROW_COUNT;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO history.work_log (operation, transaction_id, person_id, request_id, id, network_id, external_id, kind, equipment, node, link, occurred_at, recorded_at, by, result, notes, visibility, version, updated_at, extra)
        SELECT 'insert', here, who, what, id, network_id, external_id, kind, equipment, node, link, occurred_at, recorded_at, by, result, notes, visibility, version, updated_at, extra FROM new_rows;
        GET DIAGNOSTICS changed = ROW_COUNT;
    ELSE
        INSERT INTO history.work_log (operation, transaction_id, person_id, request_id, id, network_id, external_id, kind, equipment, node, link, occurred_at, recorded_at, by, result, notes, visibility, version, updated_at, extra)
        SELECT 'delete', here, who, what, o.id, o.network_id, o.external_id, o.kind, o.equipment, o.node, o.link, o.occurred_at, o.recorded_at, o.by, o.result, o.notes, o.visibility, o.version, o.updated_at, o.extra
        FROM old_rows o LEFT JOIN new_rows n ON n.id = o.id WHERE n.id IS NULL;
        GET DIAGNOSTICS gone = ROW_COUNT;
        INSERT INTO history.work_log (operation, transaction_id, person_id, request_id, id, network_id, external_id, kind, equipment, node, link, occurred_at, recorded_at, by, result, notes, visibility, version, updated_at, extra)
        SELECT CASE WHEN o.id IS NULL THEN 'insert' ELSE 'update' END, here, who, what, n.id, n.network_id, n.external_id, n.kind, n.equipment, n.node, n.link, n.occurred_at, n.recorded_at, n.by, n.result, n.notes, n.visibility, n.version, n.updated_at, n.extra
        FROM new_rows n LEFT JOIN old_rows o ON o.id = n.id WHERE o.id IS NULL OR n *<> o;
        GET DIAGNOSTICS changed = ROW_COUNT;
    END IF;
    IF changed + gone > 0 THEN
        PERFORM internal.touch('work_log', 'staff');
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER b_history_insert AFTER INSERT ON gis.work_log REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION history.record_work_log();

CREATE TRIGGER b_history_update AFTER UPDATE ON gis.work_log REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION history.record_work_log();

CREATE TRIGGER b_history_delete AFTER DELETE ON gis.work_log REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION history.record_work_log();

CREATE TRIGGER a_never_truncate BEFORE TRUNCATE ON gis.work_log FOR EACH STATEMENT EXECUTE FUNCTION history.refuse();

CREATE TRIGGER a_never_truncate BEFORE TRUNCATE ON history.work_log FOR EACH STATEMENT EXECUTE FUNCTION history.refuse();

CREATE TRIGGER a_append_only BEFORE UPDATE OR DELETE ON history.work_log FOR EACH STATEMENT EXECUTE FUNCTION history.refuse();

CREATE FUNCTION history.record_measurements() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET enable_nestloop = off
AS $$
DECLARE
    here bigint := pg_current_xact_id()::text::bigint;
    who uuid := history.actor();
    what text := nullif(current_setting('gis.request_id', true), '');
    changed bigint;
    gone bigint := 0;
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO history.measurements (operation, transaction_id, person_id, request_id, id, network_id, external_id, kind, link, node, equipment, measured_at, instrument, fibre, wavelength_nm, otdr_distance_m, loss_db, power_dbm, by, visibility, version, updated_at, extra)
        SELECT 'delete', here, who, what, id, network_id, external_id, kind, link, node, equipment, measured_at, instrument, fibre, wavelength_nm, otdr_distance_m, loss_db, power_dbm, by, visibility, version, updated_at, extra FROM old_rows;
        GET DIAGNOSTICS changed = ROW_COUNT;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO history.measurements (operation, transaction_id, person_id, request_id, id, network_id, external_id, kind, link, node, equipment, measured_at, instrument, fibre, wavelength_nm, otdr_distance_m, loss_db, power_dbm, by, visibility, version, updated_at, extra)
        SELECT 'insert', here, who, what, id, network_id, external_id, kind, link, node, equipment, measured_at, instrument, fibre, wavelength_nm, otdr_distance_m, loss_db, power_dbm, by, visibility, version, updated_at, extra FROM new_rows;
        GET DIAGNOSTICS changed = ROW_COUNT;
    ELSE
        INSERT INTO history.measurements (operation, transaction_id, person_id, request_id, id, network_id, external_id, kind, link, node, equipment, measured_at, instrument, fibre, wavelength_nm, otdr_distance_m, loss_db, power_dbm, by, visibility, version, updated_at, extra)
        SELECT 'delete', here, who, what, o.id, o.network_id, o.external_id, o.kind, o.link, o.node, o.equipment, o.measured_at, o.instrument, o.fibre, o.wavelength_nm, o.otdr_distance_m, o.loss_db, o.power_dbm, o.by, o.visibility, o.version, o.updated_at, o.extra
        FROM old_rows o LEFT JOIN new_rows n ON n.id = o.id WHERE n.id IS NULL;
        GET DIAGNOSTICS gone = ROW_COUNT;
        INSERT INTO history.measurements (operation, transaction_id, person_id, request_id, id, network_id, external_id, kind, link, node, equipment, measured_at, instrument, fibre, wavelength_nm, otdr_distance_m, loss_db, power_dbm, by, visibility, version, updated_at, extra)
        SELECT CASE WHEN o.id IS NULL THEN 'insert' ELSE 'update' END, here, who, what, n.id, n.network_id, n.external_id, n.kind, n.link, n.node, n.equipment, n.measured_at, n.instrument, n.fibre, n.wavelength_nm, n.otdr_distance_m, n.loss_db, n.power_dbm, n.by, n.visibility, n.version, n.updated_at, n.extra
        FROM new_rows n LEFT JOIN old_rows o ON o.id = n.id WHERE o.id IS NULL OR n *<> o;
        GET DIAGNOSTICS changed = ROW_COUNT;
    END IF;
    IF changed + gone > 0 THEN
        PERFORM internal.touch('measurements', 'staff');
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER b_history_insert AFTER INSERT ON gis.measurements REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION history.record_measurements();

CREATE TRIGGER b_history_update AFTER UPDATE ON gis.measurements REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION history.record_measurements();

CREATE TRIGGER b_history_delete AFTER DELETE ON gis.measurements REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION history.record_measurements();

CREATE TRIGGER a_never_truncate BEFORE TRUNCATE ON gis.measurements FOR EACH STATEMENT EXECUTE FUNCTION history.refuse();

CREATE TRIGGER a_never_truncate BEFORE TRUNCATE ON history.measurements FOR EACH STATEMENT EXECUTE FUNCTION history.refuse();

CREATE TRIGGER a_append_only BEFORE UPDATE OR DELETE ON history.measurements FOR EACH STATEMENT EXECUTE FUNCTION history.refuse();

CREATE FUNCTION history.record_faults() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET enable_nestloop = off
AS $$
DECLARE
    here bigint := pg_current_xact_id()::text::bigint;
    who uuid := history.actor();
    what text := nullif(current_setting('gis.request_id', true), '');
    changed bigint;
    gone bigint := 0;
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO history.faults (operation, transaction_id, person_id, request_id, id, network_id, external_id, summary, link, node, equipment, office, cuts, started_at, cleared_at, source, otdr_distance_m, uncertainty_m, ward, reporter, visibility, version, updated_at, extra, geom)
        SELECT 'delete', here, who, what, id, network_id, external_id, summary, link, node, equipment, office, cuts, started_at, cleared_at, source, otdr_distance_m, uncertainty_m, ward, reporter, visibility, version, updated_at, extra, geom FROM old_rows;
        GET DIAGNOSTICS changed = ROW_COUNT;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO history.faults (operation, transaction_id, person_id, request_id, id, network_id, external_id, summary, link, node, equipment, office, cuts, started_at, cleared_at, source, otdr_distance_m, uncertainty_m, ward, reporter, visibility, version, updated_at, extra, geom)
        SELECT 'insert', here, who, what, id, network_id, external_id, summary, link, node, equipment, office, cuts, started_at, cleared_at, source, otdr_distance_m, uncertainty_m, ward, reporter, visibility, version, updated_at, extra, geom FROM new_rows;
        GET DIAGNOSTICS changed = ROW_COUNT;
    ELSE
        INSERT INTO history.faults (operation, transaction_id, person_id, request_id, id, network_id, external_id, summary, link, node, equipment, office, cuts, started_at, cleared_at, source, otdr_distance_m, uncertainty_m, ward, reporter, visibility, version, updated_at, extra, geom)
        SELECT 'delete', here, who, what, o.id, o.network_id, o.external_id, o.summary, o.link, o.node, o.equipment, o.office, o.cuts, o.started_at, o.cleared_at, o.source, o.otdr_distance_m, o.uncertainty_m, o.ward, o.reporter, o.visibility, o.version, o.updated_at, o.extra, o.geom
        FROM old_rows o LEFT JOIN new_rows n ON n.id = o.id WHERE n.id IS NULL;
        GET DIAGNOSTICS gone = ROW_COUNT;
        INSERT INTO history.faults (operation, transaction_id, person_id, request_id, id, network_id, external_id, summary, link, node, equipment, office, cuts, started_at, cleared_at, source, otdr_distance_m, uncertainty_m, ward, reporter, visibility, version, updated_at, extra, geom)
        SELECT CASE WHEN o.id IS NULL THEN 'insert' ELSE 'update' END, here, who, what, n.id, n.network_id, n.external_id, n.summary, n.link, n.node, n.equipment, n.office, n.cuts, n.started_at, n.cleared_at, n.source, n.otdr_distance_m, n.uncertainty_m, n.ward, n.reporter, n.visibility, n.version, n.updated_at, n.extra, n.geom
        FROM new_rows n LEFT JOIN old_rows o ON o.id = n.id WHERE o.id IS NULL OR n *<> o;
        GET DIAGNOSTICS changed = ROW_COUNT;
    END IF;
    IF changed + gone > 0 THEN
        PERFORM internal.touch('faults', 'staff');
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER b_history_insert AFTER INSERT ON gis.faults REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION history.record_faults();

CREATE TRIGGER b_history_update AFTER UPDATE ON gis.faults REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION history.record_faults();

CREATE TRIGGER b_history_delete AFTER DELETE ON gis.faults REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION history.record_faults();

CREATE TRIGGER a_never_truncate BEFORE TRUNCATE ON gis.faults FOR EACH STATEMENT EXECUTE FUNCTION history.refuse();

CREATE TRIGGER a_never_truncate BEFORE TRUNCATE ON history.faults FOR EACH STATEMENT EXECUTE FUNCTION history.refuse();

CREATE TRIGGER a_append_only BEFORE UPDATE OR DELETE ON history.faults FOR EACH STATEMENT EXECUTE FUNCTION history.refuse();

CREATE FUNCTION history.record_scenarios() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET enable_nestloop = off
AS $$
DECLARE
    here bigint := pg_current_xact_id()::text::bigint;
    who uuid := history.actor();
    what text := nullif(current_setting('gis.request_id', true), '');
    changed bigint;
    gone bigint := 0;
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO history.scenarios (operation, transaction_id, person_id, request_id, id, network_id, external_id, name, description, adds, removes, removes_nodes, visibility, version, updated_at, extra)
        SELECT 'delete', here, who, what, id, network_id, external_id, name, description, adds, removes, removes_nodes, visibility, version, updated_at, extra FROM old_rows;
        GET DIAGNOSTICS changed = ROW_COUNT;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO history.scenarios (operation, transaction_id, person_id, request_id, id, network_id, external_id, name, description, adds, removes, removes_nodes, visibility, version, updated_at, extra)
        SELECT 'insert', here, who, what, id, network_id, external_id, name, description, adds, removes, removes_nodes, visibility, version, updated_at, extra FROM new_rows;
        GET DIAGNOSTICS changed = ROW_COUNT;
    ELSE
        INSERT INTO history.scenarios (operation, transaction_id, person_id, request_id, id, network_id, external_id, name, description, adds, removes, removes_nodes, visibility, version, updated_at, extra)
        SELECT 'delete', here, who, what, o.id, o.network_id, o.external_id, o.name, o.description, o.adds, o.removes, o.removes_nodes, o.visibility, o.version, o.updated_at, o.extra
        FROM old_rows o LEFT JOIN new_rows n ON n.id = o.id WHERE n.id IS NULL;
        GET DIAGNOSTICS gone = ROW_COUNT;
        INSERT INTO history.scenarios (operation, transaction_id, person_id, request_id, id, network_id, external_id, name, description, adds, removes, removes_nodes, visibility, version, updated_at, extra)
        SELECT CASE WHEN o.id IS NULL THEN 'insert' ELSE 'update' END, here, who, what, n.id, n.network_id, n.external_id, n.name, n.description, n.adds, n.removes, n.removes_nodes, n.visibility, n.version, n.updated_at, n.extra
        FROM new_rows n LEFT JOIN old_rows o ON o.id = n.id WHERE o.id IS NULL OR n *<> o;
        GET DIAGNOSTICS changed = ROW_COUNT;
    END IF;
    IF changed + gone > 0 THEN
        PERFORM internal.touch('scenarios', 'staff');
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER b_history_insert AFTER INSERT ON gis.scenarios REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION history.record_scenarios();

CREATE TRIGGER b_history_update AFTER UPDATE ON gis.scenarios REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION history.record_scenarios();

CREATE TRIGGER b_history_delete AFTER DELETE ON gis.scenarios REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION history.record_scenarios();

CREATE TRIGGER a_never_truncate BEFORE TRUNCATE ON gis.scenarios FOR EACH STATEMENT EXECUTE FUNCTION history.refuse();

CREATE TRIGGER a_never_truncate BEFORE TRUNCATE ON history.scenarios FOR EACH STATEMENT EXECUTE FUNCTION history.refuse();

CREATE TRIGGER a_append_only BEFORE UPDATE OR DELETE ON history.scenarios FOR EACH STATEMENT EXECUTE FUNCTION history.refuse();

CREATE FUNCTION published.publish_networks() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET enable_nestloop = off
AS $$
DECLARE
    changed bigint;
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO published.networks (id, name, synthetic)
        SELECT new_rows.id, new_rows.name AS name, new_rows.synthetic AS synthetic
        FROM new_rows
        WHERE new_rows.visibility = 'public';
        GET DIAGNOSTICS changed = ROW_COUNT;
    ELSIF TG_OP = 'DELETE' THEN
        DELETE FROM published.networks WHERE id = ANY (ARRAY(SELECT id FROM old_rows));
        GET DIAGNOSTICS changed = ROW_COUNT;
    ELSE
        WITH judged AS MATERIALIZED (
            SELECT n.* FROM new_rows n LEFT JOIN old_rows o ON o.id = n.id
            WHERE o.id IS NULL OR (o.visibility, o.name, o.synthetic) IS DISTINCT FROM (n.visibility, n.name, n.synthetic)
        ), wanted AS MATERIALIZED (
        SELECT judged.id, judged.name AS name, judged.synthetic AS synthetic
        FROM judged
        WHERE judged.visibility = 'public'
        ), unwanted AS (
            (SELECT id FROM old_rows EXCEPT SELECT id FROM new_rows)
            UNION ALL (SELECT id FROM judged EXCEPT SELECT id FROM wanted)
        ), gone AS (
            DELETE FROM published.networks WHERE id = ANY (ARRAY(SELECT id FROM unwanted))
            RETURNING id
        ), put AS (
            INSERT INTO published.networks AS was (id, name, synthetic) SELECT id, name, synthetic FROM wanted
            ON CONFLICT (id) DO UPDATE SET name = excluded.name, synthetic = excluded.synthetic
            WHERE (was.name, was.synthetic) IS DISTINCT FROM (excluded.name, excluded.synthetic)
            RETURNING was.id
        )
        SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM put) INTO changed;
    END IF;
    IF changed > 0 THEN
        PERFORM internal.touch('networks', 'public');
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER c_publish_insert AFTER INSERT ON gis.networks REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION published.publish_networks();

CREATE TRIGGER c_publish_update AFTER UPDATE ON gis.networks REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION published.publish_networks();

CREATE TRIGGER c_publish_delete AFTER DELETE ON gis.networks REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION published.publish_networks();

CREATE FUNCTION published.publish_wards() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET enable_nestloop = off
AS $$
DECLARE
    changed bigint;
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO published.wards (id, code, name, constituency, population, population_year, source, outline_approximate, geom)
        SELECT seen.id, seen.code, seen.name, seen.constituency, seen.population, seen.population_year, seen.source, seen.outline_approximate, seen.geom
        FROM (SELECT new_rows.id AS id, new_rows.code AS code, new_rows.name AS name, new_rows.constituency AS constituency, new_rows.population AS population, new_rows.population_year AS population_year, new_rows.source AS source, new_rows.outline_approximate AS outline_approximate, new_rows.geom AS geom
        FROM new_rows
        WHERE new_rows.visibility = 'public'
         LIMIT ALL OFFSET 0) AS seen
        WHERE NOT ST_IsEmpty(seen.geom);
        GET DIAGNOSTICS changed = ROW_COUNT;
    ELSIF TG_OP = 'DELETE' THEN
        DELETE FROM published.wards WHERE id = ANY (ARRAY(SELECT id FROM old_rows));
        GET DIAGNOSTICS changed = ROW_COUNT;
    ELSE
        WITH judged AS MATERIALIZED (
            SELECT n.* FROM new_rows n LEFT JOIN old_rows o ON o.id = n.id
            WHERE o.id IS NULL OR (o.visibility, o.code, o.name, o.constituency, o.population, o.population_year, o.source, o.outline_approximate, o.geom) IS DISTINCT FROM (n.visibility, n.code, n.name, n.constituency, n.population, n.population_year, n.source, n.outline_approximate, n.geom)
        ), wanted AS MATERIALIZED (
        SELECT seen.id, seen.code, seen.name, seen.constituency, seen.population, seen.population_year, seen.source, seen.outline_approximate, seen.geom
        FROM (SELECT judged.id AS id, judged.code AS code, judged.name AS name, judged.constituency AS constituency, judged.population AS population, judged.population_year AS population_year, judged.source AS source, judged.outline_approximate AS outline_approximate, judged.geom AS geom
        FROM judged
        WHERE judged.visibility = 'public'
         LIMIT ALL OFFSET 0) AS seen
        WHERE NOT ST_IsEmpty(seen.geom)
        ), unwanted AS (
            (SELECT id FROM old_rows EXCEPT SELECT id FROM new_rows)
            UNION ALL (SELECT id FROM judged EXCEPT SELECT id FROM wanted)
        ), gone AS (
            DELETE FROM published.wards WHERE id = ANY (ARRAY(SELECT id FROM unwanted))
            RETURNING id
        ), put AS (
            INSERT INTO published.wards AS was (id, code, name, constituency, population, population_year, source, outline_approximate, geom) SELECT id, code, name, constituency, population, population_year, source, outline_approximate, geom FROM wanted
            ON CONFLICT (id) DO UPDATE SET code = excluded.code, name = excluded.name, constituency = excluded.constituency, population = excluded.population, population_year = excluded.population_year, source = excluded.source, outline_approximate = excluded.outline_approximate, geom = excluded.geom
            WHERE (was.code, was.name, was.constituency, was.population, was.population_year, was.source, was.outline_approximate, was.geom) IS DISTINCT FROM (excluded.code, excluded.name, excluded.constituency, excluded.population, excluded.population_year, excluded.source, excluded.outline_approximate, excluded.geom)
            RETURNING was.id
        )
        SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM put) INTO changed;
    END IF;
    IF changed > 0 THEN
        PERFORM internal.touch('wards', 'public');
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER c_publish_insert AFTER INSERT ON gis.wards REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION published.publish_wards();

CREATE TRIGGER c_publish_update AFTER UPDATE ON gis.wards REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION published.publish_wards();

CREATE TRIGGER c_publish_delete AFTER DELETE ON gis.wards REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION published.publish_wards();

CREATE FUNCTION published.publish_roads() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET enable_nestloop = off
AS $$
DECLARE
    changed bigint;
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO published.roads (id, name, road_class, source, geom)
        SELECT seen.id, seen.name, seen.road_class, seen.source, seen.geom
        FROM (SELECT new_rows.id AS id, new_rows.name AS name, new_rows.road_class AS road_class, new_rows.source AS source, new_rows.geom AS geom
        FROM new_rows
        WHERE new_rows.visibility = 'public'
         LIMIT ALL OFFSET 0) AS seen
        WHERE NOT ST_IsEmpty(seen.geom);
        GET DIAGNOSTICS changed = ROW_COUNT;
    ELSIF TG_OP = 'DELETE' THEN
        DELETE FROM published.roads WHERE id = ANY (ARRAY(SELECT id FROM old_rows));
        GET DIAGNOSTICS changed = ROW_COUNT;
    ELSE
        WITH judged AS MATERIALIZED (
            SELECT n.* FROM new_rows n LEFT JOIN old_rows o ON o.id = n.id
            WHERE o.id IS NULL OR (o.visibility, o.name, o.road_class, o.source, o.geom) IS DISTINCT FROM (n.visibility, n.name, n.road_class, n.source, n.geom)
        ), wanted AS MATERIALIZED (
        SELECT seen.id, seen.name, seen.road_class, seen.source, seen.geom
        FROM (SELECT judged.id AS id, judged.name AS name, judged.road_class AS road_class, judged.source AS source, judged.geom AS geom
        FROM judged
        WHERE judged.visibility = 'public'
         LIMIT ALL OFFSET 0) AS seen
        WHERE NOT ST_IsEmpty(seen.geom)
        ), unwanted AS (
            (SELECT id FROM old_rows EXCEPT SELECT id FROM new_rows)
            UNION ALL (SELECT id FROM judged EXCEPT SELECT id FROM wanted)
        ), gone AS (
            DELETE FROM published.roads WHERE id = ANY (ARRAY(SELECT id FROM unwanted))
            RETURNING id
        ), put AS (
            INSERT INTO published.roads AS was (id, name, road_class, source, geom) SELECT id, name, road_class, source, geom FROM wanted
            ON CONFLICT (id) DO UPDATE SET name = excluded.name, road_class = excluded.road_class, source = excluded.source, geom = excluded.geom
            WHERE (was.name, was.road_class, was.source, was.geom) IS DISTINCT FROM (excluded.name, excluded.road_class, excluded.source, excluded.geom)
            RETURNING was.id
        )
        SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM put) INTO changed;
    END IF;
    IF changed > 0 THEN
        PERFORM internal.touch('roads', 'public');
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER c_publish_insert AFTER INSERT ON gis.roads REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION published.publish_roads();

CREATE TRIGGER c_publish_update AFTER UPDATE ON gis.roads REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION published.publish_roads();

CREATE TRIGGER c_publish_delete AFTER DELETE ON gis.roads REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION published.publish_roads();

CREATE FUNCTION published.publish_network_nodes() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET enable_nestloop = off
AS $$
DECLARE
    changed bigint;
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO published.network_nodes (id, name, status, public_wifi, geom)
        SELECT seen.id, seen.name, seen.status, seen.public_wifi, seen.geom
        FROM (SELECT new_rows.id AS id, new_rows.name AS name, new_rows.status AS status, new_rows.public_wifi AS public_wifi, CASE WHEN (new_rows.infrastructure = 'wifiAccessPoint') THEN new_rows.geom ELSE ST_SnapToGrid(ST_Transform(ST_SnapToGrid(ST_Transform(new_rows.geom, CAST((SELECT gis.networks.metric_srid
        FROM gis.networks
        WHERE gis.networks.id = new_rows.network_id) AS INTEGER)), 50, 50, 100, 100), 4326), 0.000001) END AS geom
        FROM new_rows
        WHERE new_rows.visibility = 'public' AND new_rows.status IN ('operational')
         LIMIT ALL OFFSET 0) AS seen
        WHERE NOT ST_IsEmpty(seen.geom);
        GET DIAGNOSTICS changed = ROW_COUNT;
    ELSIF TG_OP = 'DELETE' THEN
        DELETE FROM published.network_nodes WHERE id = ANY (ARRAY(SELECT id FROM old_rows));
        GET DIAGNOSTICS changed = ROW_COUNT;
    ELSE
        WITH judged AS MATERIALIZED (
            SELECT n.* FROM new_rows n LEFT JOIN old_rows o ON o.id = n.id
            WHERE o.id IS NULL OR (o.visibility, o.name, o.status, o.public_wifi, o.infrastructure, o.geom, o.network_id) IS DISTINCT FROM (n.visibility, n.name, n.status, n.public_wifi, n.infrastructure, n.geom, n.network_id)
        ), wanted AS MATERIALIZED (
        SELECT seen.id, seen.name, seen.status, seen.public_wifi, seen.geom
        FROM (SELECT judged.id AS id, judged.name AS name, judged.status AS status, judged.public_wifi AS public_wifi, CASE WHEN (judged.infrastructure = 'wifiAccessPoint') THEN judged.geom ELSE ST_SnapToGrid(ST_Transform(ST_SnapToGrid(ST_Transform(judged.geom, CAST((SELECT gis.networks.metric_srid
        FROM gis.networks
        WHERE gis.networks.id = judged.network_id) AS INTEGER)), 50, 50, 100, 100), 4326), 0.000001) END AS geom
        FROM judged
        WHERE judged.visibility = 'public' AND judged.status IN ('operational')
         LIMIT ALL OFFSET 0) AS seen
        WHERE NOT ST_IsEmpty(seen.geom)
        ), unwanted AS (
            (SELECT id FROM old_rows EXCEPT SELECT id FROM new_rows)
            UNION ALL (SELECT id FROM judged EXCEPT SELECT id FROM wanted)
        ), gone AS (
            DELETE FROM published.network_nodes WHERE id = ANY (ARRAY(SELECT id FROM unwanted))
            RETURNING id
        ), put AS (
            INSERT INTO published.network_nodes AS was (id, name, status, public_wifi, geom) SELECT id, name, status, public_wifi, geom FROM wanted
            ON CONFLICT (id) DO UPDATE SET name = excluded.name, status = excluded.status, public_wifi = excluded.public_wifi, geom = excluded.geom
            WHERE (was.name, was.status, was.public_wifi, was.geom) IS DISTINCT FROM (excluded.name, excluded.status, excluded.public_wifi, excluded.geom)
            RETURNING was.id
        )
        SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM put) INTO changed;
    END IF;
    IF changed > 0 THEN
        PERFORM internal.touch('network_nodes', 'public');
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER c_publish_insert AFTER INSERT ON gis.network_nodes REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION published.publish_network_nodes();

CREATE TRIGGER c_publish_update AFTER UPDATE ON gis.network_nodes REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION published.publish_network_nodes();

CREATE TRIGGER c_publish_delete AFTER DELETE ON gis.network_nodes REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION published.publish_network_nodes();

CREATE FUNCTION published.publish_fibre_links() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET enable_nestloop = off
AS $$
DECLARE
    changed bigint;
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO published.fibre_links (id, name, status, route_length_m, geom)
        SELECT seen.id, seen.name, seen.status, seen.route_length_m, seen.geom
        FROM (SELECT new_rows.id AS id, new_rows.name AS name, new_rows.status AS status, round(new_rows.route_length_m / CAST(100 AS NUMERIC)) * 100 AS route_length_m, ST_SnapToGrid(ST_Transform(ST_SnapToGrid(ST_Transform(new_rows.geom, CAST((SELECT gis.networks.metric_srid
        FROM gis.networks
        WHERE gis.networks.id = new_rows.network_id) AS INTEGER)), 50, 50, 100, 100), 4326), 0.000001) AS geom
        FROM new_rows
        WHERE new_rows.visibility = 'public' AND new_rows.status IN ('operational')
         LIMIT ALL OFFSET 0) AS seen
        WHERE NOT ST_IsEmpty(seen.geom);
        GET DIAGNOSTICS changed = ROW_COUNT;
    ELSIF TG_OP = 'DELETE' THEN
        DELETE FROM published.fibre_links WHERE id = ANY (ARRAY(SELECT id FROM old_rows));
        GET DIAGNOSTICS changed = ROW_COUNT;
    ELSE
        WITH judged AS MATERIALIZED (
            SELECT n.* FROM new_rows n LEFT JOIN old_rows o ON o.id = n.id
            WHERE o.id IS NULL OR (o.visibility, o.name, o.status, o.route_length_m, o.geom, o.network_id) IS DISTINCT FROM (n.visibility, n.name, n.status, n.route_length_m, n.geom, n.network_id)
        ), wanted AS MATERIALIZED (
        SELECT seen.id, seen.name, seen.status, seen.route_length_m, seen.geom
        FROM (SELECT judged.id AS id, judged.name AS name, judged.status AS status, round(judged.route_length_m / CAST(100 AS NUMERIC)) * 100 AS route_length_m, ST_SnapToGrid(ST_Transform(ST_SnapToGrid(ST_Transform(judged.geom, CAST((SELECT gis.networks.metric_srid
        FROM gis.networks
        WHERE gis.networks.id = judged.network_id) AS INTEGER)), 50, 50, 100, 100), 4326), 0.000001) AS geom
        FROM judged
        WHERE judged.visibility = 'public' AND judged.status IN ('operational')
         LIMIT ALL OFFSET 0) AS seen
        WHERE NOT ST_IsEmpty(seen.geom)
        ), unwanted AS (
            (SELECT id FROM old_rows EXCEPT SELECT id FROM new_rows)
            UNION ALL (SELECT id FROM judged EXCEPT SELECT id FROM wanted)
        ), gone AS (
            DELETE FROM published.fibre_links WHERE id = ANY (ARRAY(SELECT id FROM unwanted))
            RETURNING id
        ), put AS (
            INSERT INTO published.fibre_links AS was (id, name, status, route_length_m, geom) SELECT id, name, status, route_length_m, geom FROM wanted
            ON CONFLICT (id) DO UPDATE SET name = excluded.name, status = excluded.status, route_length_m = excluded.route_length_m, geom = excluded.geom
            WHERE (was.name, was.status, was.route_length_m, was.geom) IS DISTINCT FROM (excluded.name, excluded.status, excluded.route_length_m, excluded.geom)
            RETURNING was.id
        )
        SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM put) INTO changed;
    END IF;
    IF changed > 0 THEN
        PERFORM internal.touch('fibre_links', 'public');
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER c_publish_insert AFTER INSERT ON gis.fibre_links REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION published.publish_fibre_links();

CREATE TRIGGER c_publish_update AFTER UPDATE ON gis.fibre_links REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION published.publish_fibre_links();

CREATE TRIGGER c_publish_delete AFTER DELETE ON gis.fibre_links REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION published.publish_fibre_links();

CREATE FUNCTION published.publish_offices() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET enable_nestloop = off
AS $$
DECLARE
    changed bigint;
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO published.offices (id, name, office_type, theme, connection, ward, geom)
        SELECT seen.id, seen.name, seen.office_type, seen.theme, seen.connection, seen.ward, seen.geom
        FROM (SELECT new_rows.id AS id, new_rows.name AS name, new_rows.office_type AS office_type, new_rows.theme AS theme, new_rows.connection AS connection, new_rows.ward AS ward, new_rows.geom AS geom
        FROM new_rows
        WHERE new_rows.visibility = 'public'
         LIMIT ALL OFFSET 0) AS seen
        WHERE NOT ST_IsEmpty(seen.geom);
        GET DIAGNOSTICS changed = ROW_COUNT;
    ELSIF TG_OP = 'DELETE' THEN
        DELETE FROM published.offices WHERE id = ANY (ARRAY(SELECT id FROM old_rows));
        GET DIAGNOSTICS changed = ROW_COUNT;
    ELSE
        WITH judged AS MATERIALIZED (
            SELECT n.* FROM new_rows n LEFT JOIN old_rows o ON o.id = n.id
            WHERE o.id IS NULL OR (o.visibility, o.name, o.office_type, o.theme, o.connection, o.ward, o.geom) IS DISTINCT FROM (n.visibility, n.name, n.office_type, n.theme, n.connection, n.ward, n.geom)
        ), wanted AS MATERIALIZED (
        SELECT seen.id, seen.name, seen.office_type, seen.theme, seen.connection, seen.ward, seen.geom
        FROM (SELECT judged.id AS id, judged.name AS name, judged.office_type AS office_type, judged.theme AS theme, judged.connection AS connection, judged.ward AS ward, judged.geom AS geom
        FROM judged
        WHERE judged.visibility = 'public'
         LIMIT ALL OFFSET 0) AS seen
        WHERE NOT ST_IsEmpty(seen.geom)
        ), unwanted AS (
            (SELECT id FROM old_rows EXCEPT SELECT id FROM new_rows)
            UNION ALL (SELECT id FROM judged EXCEPT SELECT id FROM wanted)
        ), gone AS (
            DELETE FROM published.offices WHERE id = ANY (ARRAY(SELECT id FROM unwanted))
            RETURNING id
        ), put AS (
            INSERT INTO published.offices AS was (id, name, office_type, theme, connection, ward, geom) SELECT id, name, office_type, theme, connection, ward, geom FROM wanted
            ON CONFLICT (id) DO UPDATE SET name = excluded.name, office_type = excluded.office_type, theme = excluded.theme, connection = excluded.connection, ward = excluded.ward, geom = excluded.geom
            WHERE (was.name, was.office_type, was.theme, was.connection, was.ward, was.geom) IS DISTINCT FROM (excluded.name, excluded.office_type, excluded.theme, excluded.connection, excluded.ward, excluded.geom)
            RETURNING was.id
        )
        SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM put) INTO changed;
    END IF;
    IF changed > 0 THEN
        PERFORM internal.touch('offices', 'public');
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER c_publish_insert AFTER INSERT ON gis.offices REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION published.publish_offices();

CREATE TRIGGER c_publish_update AFTER UPDATE ON gis.offices REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION published.publish_offices();

CREATE TRIGGER c_publish_delete AFTER DELETE ON gis.offices REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION published.publish_offices();

CREATE FUNCTION published.publish_faults() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET enable_nestloop = off
AS $$
DECLARE
    changed bigint;
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO published.faults (id, started_at, ward)
        SELECT new_rows.id, new_rows.started_at AS started_at, new_rows.ward AS ward
        FROM new_rows
        WHERE new_rows.visibility = 'public' AND new_rows.cleared_at IS NULL;
        GET DIAGNOSTICS changed = ROW_COUNT;
    ELSIF TG_OP = 'DELETE' THEN
        DELETE FROM published.faults WHERE id = ANY (ARRAY(SELECT id FROM old_rows));
        GET DIAGNOSTICS changed = ROW_COUNT;
    ELSE
        WITH judged AS MATERIALIZED (
            SELECT n.* FROM new_rows n LEFT JOIN old_rows o ON o.id = n.id
            WHERE o.id IS NULL OR (o.visibility, o.started_at, o.ward, o.cleared_at) IS DISTINCT FROM (n.visibility, n.started_at, n.ward, n.cleared_at)
        ), wanted AS MATERIALIZED (
        SELECT judged.id, judged.started_at AS started_at, judged.ward AS ward
        FROM judged
        WHERE judged.visibility = 'public' AND judged.cleared_at IS NULL
        ), unwanted AS (
            (SELECT id FROM old_rows EXCEPT SELECT id FROM new_rows)
            UNION ALL (SELECT id FROM judged EXCEPT SELECT id FROM wanted)
        ), gone AS (
            DELETE FROM published.faults WHERE id = ANY (ARRAY(SELECT id FROM unwanted))
            RETURNING id
        ), put AS (
            INSERT INTO published.faults AS was (id, started_at, ward) SELECT id, started_at, ward FROM wanted
            ON CONFLICT (id) DO UPDATE SET started_at = excluded.started_at, ward = excluded.ward
            WHERE (was.started_at, was.ward) IS DISTINCT FROM (excluded.started_at, excluded.ward)
            RETURNING was.id
        )
        SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM put) INTO changed;
    END IF;
    IF changed > 0 THEN
        PERFORM internal.touch('faults', 'public');
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER c_publish_insert AFTER INSERT ON gis.faults REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION published.publish_faults();

CREATE TRIGGER c_publish_update AFTER UPDATE ON gis.faults REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION published.publish_faults();

CREATE TRIGGER c_publish_delete AFTER DELETE ON gis.faults REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION published.publish_faults();

CREATE FUNCTION internal.touch(collection text, audience text) RETURNS void
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
    INSERT INTO internal.touched (transaction_id, collection, audience)
    VALUES (pg_current_xact_id()::text::bigint, collection, audience)
    ON CONFLICT DO NOTHING
$$;

CREATE FUNCTION internal.wait_for_checks() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    INSERT INTO internal.touched (transaction_id, collection, audience)
    VALUES (NEW.transaction_id, '', '') ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;

CREATE FUNCTION internal.count_versions() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    mine bigint := NEW.transaction_id;
    public_ones text[] := ARRAY(SELECT collection FROM internal.touched
        WHERE transaction_id = mine AND audience = 'public');
    staff_ones text[] := ARRAY(SELECT collection FROM internal.touched
        WHERE transaction_id = mine AND audience = 'staff');
    public_last timestamptz;
    staff_last timestamptz;
    stamp timestamptz;
BEGIN
    SELECT max(changed_at) INTO public_last FROM (
        SELECT changed_at FROM published.collection_versions
        WHERE collection = ANY (public_ones) ORDER BY collection FOR UPDATE) held;
    SELECT max(changed_at) INTO staff_last FROM (
        SELECT changed_at FROM gis.collection_versions
        WHERE collection = ANY (staff_ones) ORDER BY collection FOR UPDATE) held;
    stamp := greatest(public_last, staff_last);
    IF stamp > clock_timestamp() + interval '5 minutes' THEN
        stamp := NULL;
    END IF;
    stamp := greatest(clock_timestamp(), stamp);
    UPDATE published.collection_versions SET version = version + 1, changed_at = stamp
    WHERE collection = ANY (public_ones);
    UPDATE gis.collection_versions SET version = version + 1, changed_at = stamp
    WHERE collection = ANY (staff_ones);
    INSERT INTO history.transactions (transaction_id, began_at, committed_at)
    VALUES (mine, now(), stamp) ON CONFLICT DO NOTHING;
    DELETE FROM internal.touched WHERE transaction_id = mine;
    RETURN NULL;
END
$$;

CREATE CONSTRAINT TRIGGER a_wait AFTER INSERT ON internal.touched DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.audience <> '') EXECUTE FUNCTION internal.wait_for_checks();

CREATE CONSTRAINT TRIGGER b_count AFTER INSERT ON internal.touched DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.audience = '') EXECUTE FUNCTION internal.count_versions();

INSERT INTO gis.collection_versions (collection) VALUES ('networks'), ('organisations'), ('phases'), ('contracts'), ('wayleaves'), ('wards'), ('roads'), ('population'), ('network_nodes'), ('fibre_links'), ('structures'), ('offices'), ('equipment'), ('work_log'), ('measurements'), ('faults'), ('scenarios');

INSERT INTO published.collection_versions (collection) VALUES ('networks'), ('wards'), ('roads'), ('network_nodes'), ('fibre_links'), ('offices'), ('faults');
