#!/usr/bin/env bash
# A forgotten entity is gone, and a forget that is killed at any moment is completed by the same
# command: afterwards no byte of the store, decompressed, holds the key, every digest fits, and
# nobody else lost a row.
. "$(dirname "$0")/lib.sh"
rounds=${TAMIS_ROUNDS:-12}
key=Zyxwv-Quux-77

awk -v key=$key 'BEGIN { print "user_id,ts,clicks,city"; for (i = 0; i < 60000; i++) {
    user = i % 500 == 7 ? key : "u" i % 500; clicks = i % 1000 == 7 ? "bad" : (i * 7) % 20
    printf "%s,2026-01-%02dT%02d:00:00Z,%s,%s\n", user, 1 + i % 28, i % 24, clicks, i % 3 ? "Bonn" : "  Trier " } }' >rows.csv
printf 'view: activity\nentity: [user_id]\nevent_time: ts\nfeatures: {clicks: int64, city: utf8}\n' >activity.yaml
printf 'view: cities\nentity: [city]\nfeatures: {clicks: int64}\n' >cities.yaml
exits 0 tamis-features define -q activity.yaml
exits 0 tamis-features define -q cities.yaml
exits 0 tamis-ingest -q rows.csv --into raw/rows
exits 0 tamis-clean -q tamis:raw/rows --audit cells -m text -m 'types columns={clicks: int64}' --into clean/rows
exits 0 tamis-features put -q activity tamis:clean/rows
exits 0 tamis-features put -q activity tamis:clean/rows --mode append
exits 0 tamis-features put -q cities tamis:clean/rows
printf "user_id,ts\n$key,2026-02-01T00:00:00Z\nu1,2026-02-01T00:00:00Z\n" >spine.csv
exits 0 tamis-ingest -q --no-store spine.csv -o spine.arrow
exits 0 tamis-features join -q --spine spine.arrow --event-time ts --view activity --into train/one
exits 0 tamis-features lookup activity $key -o answer.json # makes an index
exits 0 tamis-features lookup activity@1 $key -o answer.json
same 'indexes are there' 2 "$(find .tamis/index -type f | wc -l)"
cp -r .tamis before

# Times the key stands in the store: files as they are, and as plain Arrow streams with their
# dictionaries whole.
search() {
    find .tamis -type f | while read -r file; do
        cat "$file"
        case $file in *.arrow) tamis-features cat --format arrow "$file" ;; esac
    done | grep -ac $key
}
others() {
    for version in raw/rows@1 clean/rows@1 feature/activity@1 feature/activity@2 feature/cities@1 train/one@1; do
        echo "$version $(tamis-features cat "tamis:$version" --format csv --columns _record | wc -l)"
    done
}
check 'the key is there before' [ "$(search)" -gt 3 ]
exits 0 tamis-features forget -q activity $key
same 'the key is gone' 0 "$(search)"
exits 0 tamis-features verify -q
others >expected
same 'rows of others stay' '59881 59881' "$(awk '$1 ~ /raw|cities/ { print $2 }' expected | xargs)"
seconds=$( { time -p tamis-features forget -q activity $key; } 2>&1 | awk '/real/ { print $2 }')

for round in $(seq "$rounds"); do
    rm -rf .tamis && cp -r before .tamis
    tamis-features forget -q activity $key &
    victim=$!
    sleep "$(awk -v r="$round" -v n="$rounds" -v s="$seconds" 'BEGIN { print s * 2.5 * r / n }')"
    kill -9 $victim 2>/dev/null
    wait $victim 2>/dev/null
    tamis-features forget -q activity $key || echo "BROKEN  round $round: completing failed"
    [ "$(search)" = 0 ] && tamis-features verify -q && others | cmp -s - expected ||
        { echo "BROKEN  round $round"; broken=$((broken + 1)); }
    same "round $round: one forgetting, ended" '1|1' \
        "$(ask 'SELECT count(*), count(ended_at) FROM forgettings')"
    same "round $round: digests are explained" 6 "$(ask 'SELECT count(*) FROM forgotten_versions AS f
        JOIN versions AS v ON v.dataset = f.dataset AND v.number = f.number AND v.digest = f.digest_after')"
done
finish
