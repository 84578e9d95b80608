DROP TRIGGER d_mend_reports ON gis.faults;
DROP FUNCTION internal.mend_reports();
DROP TABLE internal.reports;
DROP TABLE internal.published_rows;
DROP TABLE internal.publication_notes;
DROP TABLE published.publications;
