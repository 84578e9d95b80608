"""Programs that others wrote, and what asks them to read the service."""
