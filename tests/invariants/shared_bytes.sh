#!/usr/bin/env bash
# A version shares what did not change with the one before: appending a day to a hundred keeps at
# least 95 % of the bytes, an upsert of neighboring entities all but the chunks they lie in, and the
# same rows again everything. The figures are lineage/queries/shared_bytes.sql's.
. "$(dirname "$0")/lib.sh"
queries=$here/../../lineage/queries

printf 'view: daily\nentity: [user]\nevent_time: ts\nfeatures: {clicks: int64, spent: float64, page: utf8}\n' >daily.yaml
exits 0 tamis-features define -q daily.yaml
# days FIRST LAST: 6,000 rows a day of 3,000 users
days() {
    awk -v first="$1" -v last="$2" 'BEGIN { seed = 7; print "user,ts,clicks,spent,page"
        for (day = first; day <= last; day++) for (i = 0; i < 6000; i++) {
            seed = (seed * 1103515245 + 12345 + day) % 2147483648
            printf "%d,%s,%d,%d.%02d,/page/%d\n", i % 3000,
                strftime("%Y-%m-%dT%H:%M:%SZ", 1767225600 + day * 86400 + int(i / 3000) * 3600, 1),
                seed % 100, seed % 1000, seed % 97, seed % 5000 } }' | tamis-ingest -q --no-store -
}
# shared NUMBER: percent of the bytes of a version that are in chunks of the one before
shared() {
    sqlite3 -readonly .tamis/catalog.db ".parameter set :dataset 'feature/daily'" \
        ".parameter set :number $1" ".read $queries/shared_bytes.sql" | cut -d'|' -f5
}
days 0 99 | tamis-features put -q daily || exit
days 100 100 | tamis-features put -q daily --mode append
append=$(shared 2)
check "append of a day to a hundred: $append % of the bytes are shared, expected 95" \
    awk -v share="$append" 'BEGIN { exit share < 95 }'

# 60 of 3,000 users, next to one another in key order
tamis-features get -q daily@2 --as-of 2026-12-31T00:00:00Z | tamis-features cat --format csv |
    awk -F, -v OFS=, 'NR == 1 || ($1 >= 1000 && $1 < 1060) { if (NR > 1) $3 = 777; print }' |
    cut -d, -f1-5 | tamis-ingest -q --no-store - | tamis-features put -q daily --mode upsert
tamis-features put -q daily --mode upsert < <(
    tamis-features get -q daily@3 --as-of 2026-12-31T00:00:00Z | tamis-features cat --format csv |
        awk -F, -v OFS=, 'NR == 1 || ($1 >= 1000 && $1 < 1060) { if (NR > 1) $3 = 778; print }' |
        cut -d, -f1-5 | tamis-ingest -q --no-store -)
update=$(shared 4) chunks=$(ask 'SELECT chunks FROM versions WHERE number = 4')
new=$(ask 'SELECT count(*) FROM version_chunks AS v WHERE number = 4 AND NOT EXISTS
    (SELECT 1 FROM version_chunks AS b WHERE b.number = 3 AND b.digest = v.digest)')
check "update of 60 neighbors of 3,000 users: $new of $chunks chunks are new, $update % of the bytes shared" \
    [ "$new" -le 2 ]
same 'the update counts' 60 "$(tamis-features get -q daily@4 --as-of 2026-12-31T00:00:00Z |
    tamis-features cat --format csv --columns clicks | grep -c '^778$')"

days 0 99 | tamis-features put -q daily
same 'the same rows again: all bytes are shared with the first' 0 "$(ask 'SELECT count(*) FROM
    version_chunks AS v WHERE number = 5 AND NOT EXISTS
    (SELECT 1 FROM version_chunks AS b WHERE b.number = 1 AND b.digest = v.digest)')"
finish
