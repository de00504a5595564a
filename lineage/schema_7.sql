-- lineage/schema_7.sql: user_version 7: what was an entity shown, without a walk through all exposures.

CREATE INDEX exposures_by_entity ON exposures (entity);

PRAGMA user_version = 7;
