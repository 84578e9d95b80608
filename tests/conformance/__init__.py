"""A black-box conformance checker for OGC API - Features."""
