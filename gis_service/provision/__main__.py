"""`python -m gis_service.provision` is what the launcher `gis` runs."""

import sys

from gis_service.provision.command import main

sys.exit(main(sys.argv[1:]))
