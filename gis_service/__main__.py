"""`python -m gis_service` is the same as `gis`."""

from gis_service.cli import main

main()
