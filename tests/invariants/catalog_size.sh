#!/usr/bin/env bash
# The catalog grows with rows that are dropped, rejected and merged, not with rows that are kept; and a
# folder of many pictures is one source with an index of its members.
. "$(dirname "$0")/lib.sh"

# pipe ROWS LIMIT: the catalog's bytes after ingest, clean and put of a table whose values above LIMIT
# are rejected
pipe() {
    rm -rf .tamis
    seq -f '%.0f' "$1" | awk -v limit="$2" 'BEGIN { print "id,ts,x" }
        { printf "%d,2026-01-01T00:00:00Z,%d\n", $1, $1 % 100 }' >t.csv
    tamis-features define -q t.yaml || return
    tamis-ingest -q t.csv | tamis-clean -q -m "validate column=x between=[0,$2] on_fail=reject" |
        tamis-features put -q t || return
    stat -c %s .tamis/catalog.db
}
printf 'view: t\nentity: [id]\nevent_time: ts\nfeatures: {x: int64}\n' >t.yaml
few=$(pipe 10000 99)
many=$(pipe 1000000 99)
same 'a million rows were put' 1000000 "$(ask 'SELECT rows FROM versions')"
echo "        10,000 rows kept: $few bytes; 1,000,000 rows kept: $many bytes"
check 'the catalog does not grow with rows that are kept' [ $((many - few)) -lt 65536 ]
dropped=$(pipe 1000000 97)
events=$(ask 'SELECT count(*) FROM row_events')
same 'each of those that are not is told' 20000 "$events"
echo "        $events rejected: $dropped bytes, $(((dropped - many) / events)) a row event"
check 'in few bytes' [ $(((dropped - many) / events)) -lt 150 ]

rm -rf .tamis
mkdir pictures
python3 - <<'END'
import os, struct, zlib
def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
def png(i):
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 2, 8, 0, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(bytes([0, i % 256, i // 256, 0, 7, 9]))) + chunk(b"IEND", b""))
for i in range(5000):
    os.makedirs(f"pictures/{i % 9}", exist_ok=True)
    with open(f"pictures/{i % 9}/{i:05}.png", "wb") as file:
        file.write(png(i) if i != 77 else b"no picture")
END
exits 0 tamis-ingest -q pictures --max-rejects 1 --into raw/pictures
same 'five thousand pictures are one source' 'pictures|5000' "$(ask 'SELECT name, records FROM sources')"
same 'and two hops' 2 "$(ask 'SELECT count(*) FROM edges')"
index=.tamis/index/$(ask 'SELECT run_id FROM runs')-members.arrow
tamis-features cat "$index" --format csv --columns source,record,path,bytes,digest | tail -n +2 >members
same 'each is in the index, the rejected one too' 5000 "$(wc -l <members)"
same 'with its bytes and its digest' '' "$(sed -n '1~500p' members | while IFS=, read -r source record path bytes digest; do
    [ "$(stat -c %s "pictures/$path")" = "$bytes" ] && [ "$(b2sum -l 256 <"pictures/$path" | cut -d' ' -f1)" = "$digest" ] ||
        echo "$source $record $path"
done)"
exits 0 tamis-features gc -q
check 'which gc leaves there' [ -f "$index" ]
echo "        catalog.db: $(stat -c %s .tamis/catalog.db) bytes; the index: $(stat -c %s "$index")"
check 'the catalog does not grow with members' [ "$(stat -c %s .tamis/catalog.db)" -lt $((few + 32768)) ]
finish
