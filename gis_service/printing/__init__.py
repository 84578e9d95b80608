"""Finished pages on paper: reports, labels and maps, as PDF, PNG and spreadsheets."""
