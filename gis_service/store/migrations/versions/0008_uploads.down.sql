DROP TABLE internal.uploads;
