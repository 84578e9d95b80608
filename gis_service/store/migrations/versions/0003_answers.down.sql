DROP TABLE internal.answers;
