-- tag_as_of.sql: where a tag has pointed, since when, by whom; :at picks the one valid at a time.
--
--   :dataset, :tag
--   :at      a time as text; not set = the whole history
--
-- sqlite3 -readonly .tamis/catalog.db ".parameter set :dataset 'clean/orders'" \
--     ".parameter set :tag prod" ".parameter set :at \"'2026-11-02'\"" \
--     ".read lineage/queries/tag_as_of.sql"
SELECT number, weight, since, until, user, run_id, reason
FROM (SELECT history_key, number, weight, set_at AS since,
             lead(set_at) OVER (ORDER BY set_at, history_key) AS until, user, run_id, reason
      FROM tag_history
      WHERE dataset = :dataset AND tag = :tag)
WHERE :at IS NULL OR (since <= :at AND (until IS NULL OR until > :at))
ORDER BY since DESC, history_key DESC;
