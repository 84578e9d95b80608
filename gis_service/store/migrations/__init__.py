"""Migrations, run by Alembic; the SQL of each lies beside it."""
