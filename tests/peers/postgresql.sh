#!/usr/bin/env bash
# Tables and queries of a real PostgreSQL server, which this test starts on a free loopback port, in a
# temporary folder, as an unprivileged user. Skipped where the server is not installed.
. "$(dirname "$0")/../invariants/lib.sh"
. "$here/../peers/postgresql_server.sh"

rows=${TAMIS_TEST_ROWS:-1000000}
shown() { tamis-ingest -q --no-store --no-provenance "$(address postgres)" "$@" | tamis-features cat - --format csv; }

sql 'CREATE DATABASE shop'
sql "CREATE TABLE types (b bool, i2 int2, i4 int4, i8 int8, r4 float4, r8 float8, n numeric(12,2), loose numeric,
    strange numeric, t text, c char(4), y bytea, d date, ts timestamp, tz timestamptz, u uuid, j json, jb jsonb,
    a int[], odd date);
INSERT INTO types VALUES (true, -32768, -2147483648, -9223372036854775808, 1.5, 0.1, -1234567890.12,
    12345678901234567890.123456789, 'NaN', 'é, \"x\"', 'ab', '\\xff00', '2024-02-29', '2024-02-29 12:30:00.123456',
    '2024-02-29 12:30:00+02', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{\"a\": 1}', '{\"b\":2}', '{1,2}', 'infinity'),
    (false, 32767, 2147483647, 9223372036854775807, 'inf', 1e300, 0.01, -0.000000001, 1.50, '', '', '',
    '0001-01-01', '1969-12-31 23:59:59.999999', '1969-12-31 23:59:59Z', NULL, NULL, NULL, NULL, '2000-01-01'),
    (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)"
same 'every type' 'b,i2,i4,i8,r4,r8,n,loose,strange,t,c,y,d,ts,tz,u,j,jb,a,odd
true,-32768,-2147483648,-9223372036854775808,1.5,0.1,-1234567890.12,12345678901234567890.123456789,NaN,"é, ""x""",ab  ,/wA=,2024-02-29,2024-02-29T12:30:00.123456,2024-02-29T10:30:00Z,a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11,"{""a"": 1}","{""b"": 2}","{1,2}",infinity
false,32767,2147483647,9223372036854775807,inf,1e+300,0.01,-0.000000001,1.50,"",    ,"",0001-01-01,1969-12-31T23:59:59.999999,1969-12-31T23:59:59Z,,,,,2000-01-01
,,,,,,,,,,,,,,,,,,,' "$(shown --table types)"
same 'the columns have these types' 'b: bool
i2: int16
i4: int32
i8: int64
r4: float32
r8: float64
n: decimal128(12, 2)' "$(tamis-ingest --no-store --explain "$(address postgres)" --table types | sed -n 's/^  \([bi2-8nr]*: .*\)/\1/p')"
same 'the only table, a query, names twice' 'x,x_2
3,0.5' "$(shown --query 'SELECT i4 % 2 + 2 AS x, 0.5 AS x FROM types WHERE b = false; ')"
same 'decimals at their limits' 'a,b,c,d
99999999999999999999999999999999999999,-0.00000000000000000000000000000000000001,100000000000000000000000000000000000000,0.1234567890123456789012345678901234567' \
    "$(shown --query 'SELECT 99999999999999999999999999999999999999 AS a, -0.00000000000000000000000000000000000001 AS b,
        1e38::numeric AS c, 0.1234567890123456789012345678901234567::numeric(38,37) AS d')"
same 'a query of nothing' 'x' "$(shown --query 'SELECT 1 AS x WHERE false')"

same 'a record is its row as JSON' '{"b":false,"n":0.01,"d":"0001-01-01"}' \
    "$(tamis-ingest -q record --no-store "$(address postgres)" 2 --query 'SELECT b, n, d FROM types')"

# ---- a million rows, value for value ----

sql "CREATE SCHEMA big; CREATE TABLE big.\"Orders\" AS SELECT i::int8 * 7919 AS id, 'name ' || i % 1000 AS name,
    ((i % 100000) / 4.0)::numeric(12,2) AS amount, date '2000-01-01' + i % 9000 AS day, CASE WHEN i % 10 <> 0 THEN i END AS n
    FROM generate_series(1, $rows) AS i" shop
start=$(date +%s.%N)
tamis-ingest "$(address shop)" --into raw/orders --rejects rejects.arrow 2>summary
exits_with=$?
took=$(awk -v a="$start" -v b="$(date +%s.%N)" 'BEGIN {printf "%.2f", b - a}')
sed 's/^/        /' summary
same 'one table is taken without its name' 0 $exits_with
echo "        $rows rows in $took s"
same 'rows, as the catalog has them' "$rows|$rows|0" "$(ask "SELECT rows_in, rows_out, rows_rejected FROM runs")"
same 'every value' "$(sql 'COPY (SELECT * FROM big."Orders") TO STDOUT (FORMAT csv)' shop | md5sum)" \
    "$(tamis-features cat tamis:raw/orders --columns id,name,amount,day,n --format csv | tail -n +2 | md5sum)"
for threads in 1 2; do
    tamis-ingest -q --no-store "$(address shop)" --table 'big.Orders' --threads $threads -o $threads.arrow
done
same 'the same rows for any number of threads' \
    "$(tamis-features cat 1.arrow --format csv | md5sum)" "$(tamis-features cat 2.arrow --format csv | md5sum)"
tamis-ingest -q "$(address shop)" --into raw/orders
same 'the same rows are the same source and the same chunks' '1|1' \
    "$(ask 'SELECT (SELECT count(DISTINCT digest) FROM sources), (SELECT count(DISTINCT digest) FROM versions)')"

# ---- what goes wrong ----

exits 2 tamis-ingest --no-store -o x.arrow "$(address postgres)" --table nothing
exits 2 tamis-ingest --no-store -o x.arrow "$(address postgres)" --query 'SELECT nothing'
exits 2 tamis-ingest --no-store -o x.arrow "$(address postgres)" --query 'DELETE FROM types'
exits 2 tamis-ingest --no-store -o x.arrow "$(address postgres)" --query 'SELECT 1; SELECT 2'
exits 2 tamis-ingest --no-store -o x.arrow "$(address postgres)" --query 'DELETE FROM types RETURNING b'
exits 2 tamis-ingest --no-store -o x.arrow "$(address postgres)" --query 'SELECT 1 / 0 AS x'
exits 1 tamis-ingest --no-store "$(address nodatabase)"
exits 1 tamis-ingest --no-store "postgresql://keeper:wrong$password@127.0.0.1:$port/shop"
exits 1 tamis-ingest --no-store "postgresql://keeper:$password@127.0.0.1:1/shop"
exits 2 tamis-ingest --no-store "postgresql://keeper:$password%zz@127.0.0.1/shop"
same 'nothing was deleted' 3 "$(sql 'SELECT count(*) FROM types')"
timeout --signal=INT 2 tamis-ingest --no-store -o x.arrow "$(address postgres)" --query 'SELECT pg_sleep(60)::text' 2>/dev/null
same 'an interruption ends a statement on the server' 0 \
    "$(sleep 0.5; sql "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid()")"

tamis-ingest -q "$(address postgres)" --query 'SELECT i, repeat(i::text, 20) AS t FROM generate_series(1, 100000000) AS i' \
    --into raw/broken 2>broken.txt &
ingest=$!
sleep 2
sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'COPY%' AND pid <> pg_backend_pid()" >/dev/null
wait "$ingest"
same 'a connection that breaks is an error' 1 $?
same 'and commits nothing' 0 "$(ask "SELECT count(*) FROM versions WHERE dataset = 'raw/broken'")"

sql "CREATE DATABASE old ENCODING 'SQL_ASCII' TEMPLATE template0"
sql "CREATE TABLE t AS SELECT 1 AS i, 'fine'::text AS s; INSERT INTO t VALUES (2, convert_from('\\xff61', 'SQL_ASCII'))" old
tamis-ingest -q --no-store "$(address old)" --rejects r.arrow -o out.arrow
same 'a text that is not UTF-8 costs its row' 'record,rule,raw
2,encoding,Miz/YQ==' "$(tamis-features cat r.arrow --columns record,rule,raw --format csv)"

# ---- credentials ----

for try in "$(address shop)" "$(address nodatabase)" "postgresql://127.0.0.1:$port/shop?user=keeper&password=$password" \
    "postgresql://keeper:x$password@127.0.0.1:$port/shop" "postgresql://keeper:$password%zz@127.0.0.1/shop" \
    "postgresql://keeper:$password@127.0.0.1:port/shop" "http://keeper:$password@127.0.0.1/x"; do
    tamis-ingest "$try" --format auto -o said.arrow
    tamis-ingest "$try" --format csv -o said.arrow
    tamis-ingest "$try" --explain
done >said 2>&1
same 'the source has no user and no password in its name' "postgresql://127.0.0.1:$port/shop" \
    "$(ask "SELECT DISTINCT name FROM sources")"
check 'the password is nowhere' test -z "$(grep -rla "$password" said summary said.arrow .tamis rejects.arrow)"
finish
