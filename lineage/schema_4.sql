-- lineage/schema_4.sql: user_version 4: what a web server called the state of a source.

ALTER TABLE sources ADD COLUMN etag TEXT;

PRAGMA user_version = 4;
