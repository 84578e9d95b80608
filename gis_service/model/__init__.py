"""What the service knows of: the registry, its codelists, and frozen result types."""
