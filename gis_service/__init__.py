"""The map of a municipality's network."""

__version__ = "0.1.0"
