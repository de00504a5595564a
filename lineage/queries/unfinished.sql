-- unfinished.sql: runs that failed, were aborted or lost, or have not ended, newest first. A run whose
-- process was killed stays "running" here until the next writing command closes it as "lost".
--
-- sqlite3 -readonly .tamis/catalog.db ".read lineage/queries/unfinished.sql"
SELECT started_at, stage, status, exit_code, error, host, pid, run_id
FROM runs
WHERE status IN ('failed', 'aborted', 'lost', 'running')
ORDER BY started_at DESC;
