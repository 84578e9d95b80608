"""Rules that a row must keep before it may enter the database (`checking.validate`)."""
