"""The database's log of changes: kept, looked at, and followed to a moment."""
