"""The checks of a package of the Open Fibre Data Standard, on plain objects."""
