#!/usr/bin/env bash
# A week of nights of examples/cron/nightly: late files, bad files, a run over another, a crash, a full disk.
# Each night says what it must and ends with the right code; at the end the data is that of one run over all.
. "$(dirname "${BASH_SOURCE[0]}")/../invariants/lib.sh"
cron=$(cd "$here/../../examples/cron" && pwd)
mkdir small inbox metrics
limited() { "$@"; }
if mount -t tmpfs -o size=96m tmpfs small 2>/dev/null; then
    disk='a file system of 96 MiB'
    fill() { head -c $(($(df --output=avail -B1 small | tail -n 1) - 300000)) /dev/zero >small/filler; }
    room_again() { rm small/filler; }
else
    disk='a file size limit of 50 KiB (a small file system needs root)'
    fill() { limited() { (ulimit -f 50 && exec "$@"); }; }
    room_again() { limited() { "$@"; }; }
fi
echo "the disk that gets full: $disk"
export TAMIS_STORE=$work/small/store TAMIS_INBOX=$work/inbox TAMIS_STATE=$work/small/state
export TAMIS_METRICS=$work/metrics TAMIS_KEEP_VERSIONS=3
store=$TAMIS_STORE

# orders FROM TO: some of them dirty, each number once.
orders() {
    awk -v from="$1" -v to="$2" 'BEGIN {
        print "order_id,customer,country,amount,ordered_at"
        for (i = from; i <= to; i++)
            printf "%d,  Customer %d ,%s,%.2f,2026-11-%02dT%02d:00:00Z\n", i, i % 97,
                i % 31 == 0 ? "N/A" : "CH", i % 53 == 0 ? -5 : i % 1000 / 8, 1 + i % 28, i % 24
    }'
}
arrives() { # FILE FROM TO: whole at once, as the inbox asks for
    orders "$2" "$3" >arriving && mv arriving "inbox/$1" && echo "inbox/$1" >>arrived
}
rows() { [ -f "$store/catalog.db" ] && ask "SELECT coalesce((SELECT rows FROM versions WHERE dataset = '$1'
    ORDER BY number DESC LIMIT 1), 0)" || echo 0; }
versions() { ask "SELECT count(*) FROM versions WHERE dataset = '$1'"; }
newest() { ask "SELECT digest FROM versions WHERE dataset = '$1' ORDER BY number DESC LIMIT 1"; }
exit_metric() { sed -n 's/^tamis_run_exit_code{.*} //p' "metrics/tamis_orders_$1.prom"; }

# note DAY CODE WHAT: a line of the week's log.
note() { printf '%s|%s|%s|%s|%s|%s|%s\n' "$1" "$3" "$2" "$(rows raw/orders)" "$(rows clean/orders)" \
    "$(rows feature/orders)" "$(sed "s|$work/||g; s|$cron/||g" said | cut -c 1-150)" >>week; }
# night DAY CODE WHAT [WORDS]: exit code; silence, or one line with these words.
night() {
    limited "$cron/nightly" >out 2>said </dev/null
    local code=$?
    note "$1" $code "$3"
    same "$1: $3: exit $2" "$2" "$code"
    same "$1: nothing on stdout" '' "$(cat out)"
    same "$1: lines on stderr" "$([ "$2" = 0 ] && echo 0 || echo 1)" "$(wc -l <said)"
    [ $# -lt 4 ] || check "$1: it says \"$4\"" grep -qF "$4" said
    [ "$code" = "$2" ] || { cat said; tail -n 5 "$TAMIS_STATE"/log/*; }
}

# ---- Monday to Wednesday: files on time, files too late, files that are broken ----

arrives 02-monday.csv 1 3000
night Monday 0 'one file'
same 'Monday: all orders of a possible amount' "$(awk 'NR > 1 {split($0, f, ","); if (f[4] >= 0) n++} END {print n}' FS=, \
    inbox/02-monday.csv)" "$(rows feature/orders)"
same 'Monday: metrics of each step' '0 0 0 0' "$(echo $(exit_metric ingest) $(exit_metric clean) $(exit_metric put) $(exit_metric gc))"

arrives 01-sunday-late.csv 3001 4000
arrives 03-tuesday.csv 4001 8000
night Tuesday 0 'a file comes late'

orders 20001 24000 | gzip -n >whole.gz
head -c 9000 whole.gz >inbox/04-cut.csv.gz
printf 'order_id,customer\n1,Ann\n2,Bob\n' >inbox/04-other-columns.csv
arrives 04-wednesday.csv 8001 9000
night Wednesday 3 'two bad files and a good one' '2 of 6 files in quarantine'
same 'Wednesday: they wait in quarantine' '04-cut.csv.gz 04-other-columns.csv' "$(echo $(ls "$TAMIS_STATE/quarantine"))"
check 'Wednesday: the good one is in' test "$(rows raw/orders)" -eq 9000

# ---- Thursday: sent again whole; and somebody starts a second run ----

arrives 05-thursday.csv 30001 330000
mv whole.gz inbox/04-cut.csv.gz && echo inbox/04-cut.csv.gz >>arrived # packed files are read last
limited "$cron/nightly" >first_out 2>first_said </dev/null &
first=$!
for _ in $(seq 500); do
    flock -n "$TAMIS_STATE/lock" true || break
    sleep 0.01
done
night Thursday 75 'a second run beside the first' 'is held'
wait $first
same 'Thursday: the first run ends well' 0 $?
cp first_said said
note Thursday 0 'a big file, and one sent again whole'
same 'Thursday: and says nothing' '' "$(cat first_out first_said)"
check 'Thursday: what was broken is in, whole' test "$(rows raw/orders)" -eq 313000

# ---- Friday: killed in the middle; Saturday takes it up ----

arrives 06-friday.csv 330001 630000
before=$(versions clean/orders)
marks=$(grep -c 'committed as raw' "$TAMIS_STATE"/log/*.jsonl)
setsid "$cron/nightly" >out 2>said </dev/null &
group=$!
for _ in $(seq 6000); do
    [ "$(cat "$TAMIS_STATE"/log/*.jsonl | grep -c 'committed as raw')" -gt "$marks" ] &&
        find "$store/tmp" -name '*.arrow' 2>/dev/null | grep -q . && break
    kill -0 $group 2>/dev/null || break
    sleep 0.005
done
kill -KILL -- -$group
wait $group 2>/dev/null
code=$?
echo 'kill -9 of the whole run' >said
note Friday $code 'killed while it cleans'
same 'Friday: killed' 137 $code
same 'Friday: raw is in' 613000 "$(rows raw/orders)"
same 'Friday: clean is not' "$before" "$(versions clean/orders)"

fill
arrives 07-saturday.csv 630001 640000
night Saturday 1 'the disk is full' 'tamis-nightly: '
check 'Saturday: it says why' grep -qiE 'no space|full|too large' said
same 'Saturday: no cleaned version more' "$before" "$(versions clean/orders)"

room_again
arrives 08-sunday.csv 640001 641000
night Sunday 0 'room again: three nights at once'
night 'Sunday again' 0 'nothing new'

# ---- the end of the week ----

echo
echo 'the log of the week'
column -t -s '|' -N 'night,what,exit,raw rows,clean rows,view rows,on stderr' week
echo

exits 0 tamis-features verify
same 'no row was lost' '' "$(ask 'SELECT * FROM row_balance')"
for dataset in raw/orders clean/orders feature/orders; do
    check "$dataset: old versions went" test "$(versions $dataset)" -le 4
done
check 'files of the killed run went' test -z "$(ls -A "$store/tmp")"
same 'every line of the log is JSON' 0 "$(cat "$TAMIS_STATE"/log/*.jsonl | python3 -c 'import json, sys
print(sum(not isinstance(json.loads(line), dict) for line in sys.stdin))')"
same 'the metrics tell the last night' 0 "$(exit_metric put)"

# One run over all files, in the order they were taken in, in another store.
full=$work/full
mapfile -t files < <(sed "s|^|$work/|" arrived)
exits 0 tamis-ingest -q --store "$full" --contract "$cron/orders.contract.yaml" --into raw/orders "${files[@]}"
exits 0 tamis-clean -q --store "$full" tamis:raw/orders --recipe "$cron/orders.recipe.yaml" --into clean/orders
exits 0 tamis-features define -q --store "$full" "$cron/orders.view.yaml"
exits 0 tamis-features put -q --store "$full" orders tamis:clean/orders
for dataset in raw/orders clean/orders feature/orders; do
    same "$dataset is what one run over all leaves" "$(store=$full newest $dataset)" "$(newest $dataset)"
done

# ---- the units and the crontab ----

if command -v systemd-analyze >/dev/null; then
    exits 0 systemd-analyze verify "$cron/tamis-nightly.service" "$cron/tamis-nightly.timer"
    same 'systemd has nothing to say' '' "$(cat stderr.txt)"
else
    echo 'skipped: systemd-analyze is not installed'
fi
same 'the crontab has one job, of user tamis' '/etc/tamis/nightly' \
    "$(awk '!/^#/ && !/=/ && $6 == "tamis" {print $7}' "$cron/crontab")"
finish
