CREATE TABLE internal.answers (
	key_sha256 BYTEA NOT NULL, 
	request_sha256 BYTEA NOT NULL, 
	status INTEGER NOT NULL, 
	headers JSONB NOT NULL, 
	body BYTEA NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	CONSTRAINT answers_pkey PRIMARY KEY (key_sha256), 
	CONSTRAINT answers_key_sha256_check CHECK (octet_length(key_sha256) = 32)
);

CREATE INDEX answers_created_at_idx ON internal.answers (created_at);
