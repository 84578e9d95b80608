"""All SQL, the private PostgreSQL, and the migrations."""
