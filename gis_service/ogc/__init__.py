"""The documents and parameters of OGC API - Features, without HTTP and without a database."""
