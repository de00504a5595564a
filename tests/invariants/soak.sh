#!/usr/bin/env bash
# Two writers and ten readers on one view, killed at random: no version that a writer was told of is
# lost, no reader ever sees a part of one. $TAMIS_SECONDS of it (a minute).
. "$(dirname "$0")/lib.sh"
seconds=${TAMIS_SECONDS:-60}
batch=200 # rows of a put: all of them are in a version, or none

printf 'view: soak\nentity: [id]\nevent_time: ts\nfeatures: {batch: utf8}\n' >soak.yaml
exits 0 tamis-features define -q soak.yaml
until=$((SECONDS + seconds))
printf 'id,ts,batch\n0,2026-01-01T00:00:00Z,first\n' |
    tamis-ingest -q --no-store - -o first.arrow
exits 0 tamis-features put -q soak first.arrow

# One batch of a writer, as an Arrow file: keys of its own, so that an upsert replaces nothing.
make_batch() {
    awk -v name="$1" -v rows=$batch -v first="$2" 'BEGIN { print "id,ts,batch"
        for (i = 0; i < rows; i++) printf "%d,2026-01-02T00:00:00Z,%s\n", first + i, name }' |
        tamis-ingest -q --no-store - -o "$1.arrow"
}
writer() {
    local w=$1 k=0 name mode code
    RANDOM=$((w + 1))
    while [ $SECONDS -lt $until ]; do
        k=$((k + 1)) name=w$w-$k mode=append
        [ $((k % 8)) = 0 ] && mode=upsert # brings the appended pieces together
        make_batch "$name" $((1000000 * (w + 1) + k * batch))
        tamis-features put -q soak "$name.arrow" --mode $mode --json --wait 60 >"put.$w" 2>>"err.writer$w" &
        local put=$!
        if [ $((RANDOM % 3)) = 0 ]; then
            sleep "0.$(printf %03d $((RANDOM % 250)))"
            kill -9 $put 2>/dev/null
        fi
        wait $put 2>/dev/null
        code=$?
        # acknowledged: it must never be gone
        [ $code = 0 ] && echo "$name $(sed 's/.*"number":\([0-9]*\).*/\1/' "put.$w")" >>acknowledged
        [ $code = 0 ] || [ $code = 137 ] || echo "$name ended with $code" >>wrong
        rm -f "$name.arrow"
    done
}
# Every batch whole, and the very same answer when it is asked again by number.
reader() {
    local r=$1 number reads=0
    RANDOM=$((r + 100))
    while [ $SECONDS -lt $until ]; do
        number=$(ask "SELECT 1 + abs(random()) % max(number) FROM versions" 2>/dev/null) || continue
        [ $((RANDOM % 2)) = 0 ] && number=latest
        tamis-features cat "tamis:feature/soak@$number" --format csv --columns batch >"read.$r" 2>"err.reader$r" &
        local read=$!
        if [ $((RANDOM % 4)) = 0 ]; then
            sleep "0.0$(printf %02d $((RANDOM % 60)))"
            kill -9 $read 2>/dev/null
        fi
        wait $read 2>/dev/null
        case $? in
        0) ;;
        137) continue ;;
        *) echo "reader $r of $number: $(head -n 1 "err.reader$r")" >>wrong; continue ;;
        esac
        sort "read.$r" | uniq -c | awk -v rows=$batch -v number="$number" '
            $2 ~ /^w/ && $1 != rows { print "torn read of " number ": " $1 " rows of " $2 }
            $2 == "first" { first = 1 } END { if (!first) print "the first row is gone from " number }' >>wrong
        reads=$((reads + 1))
    done
    echo $reads >"reads.$r"
}
: >acknowledged
: >wrong
for w in 1 2; do writer $w & done
for r in 0 1 2 3 4 5 6 7 8 9; do reader $r & done
while [ $SECONDS -lt $until ]; do
    sleep 5
    tamis-features gc -q --wait 1 2>>err.gc # takes only what killed runs left
done
wait

same 'nobody saw anything wrong' '' "$(sort wrong | uniq -c | head -n 20)"
echo "        $(wc -l <acknowledged) puts acknowledged, $(cat reads.* | awk '{ n += $1 } END { print n }') whole reads, $(ask "SELECT count(*) FROM runs WHERE status = 'lost'") puts known as lost"
check 'puts were acknowledged' [ "$(wc -l <acknowledged)" -gt $((seconds / 6)) ]
tamis-features cat tamis:feature/soak --format csv --columns batch | sort -u >batches
same 'no acknowledged batch is lost' '' "$(cut -d' ' -f1 acknowledged | sort | comm -23 - batches | head)"
same 'each acknowledged number is a version of its own' "$(wc -l <acknowledged)" \
    "$(cut -d' ' -f2 acknowledged | sort -u | wc -l)"
same 'numbers have no gaps' 1 "$(ask 'SELECT max(number) = count(*) FROM versions')"
exits 0 tamis-features gc -q
same 'no orphan is left' "$(ask 'SELECT count(*) FROM chunks')" "$(find .tamis/chunks .tamis/tmp -type f | wc -l)"
exits 0 tamis-features verify -q
same 'rows add up' '' "$(ask 'SELECT * FROM row_balance')"
finish
