#!/usr/bin/env bash
# Two cron runs into one dataset at once: one does it, the other waits as long as --wait says, exits with 75
# and names the holder. Then readers while versions are put, forgotten from and collected: each has a whole
# answer or a clear error, and never an entity that was forgotten before it asked.
. "$(dirname "$0")/lib.sh"
seconds=${TAMIS_SECONDS:-6} rows=500 users=40

soon() { # COMMAND...: succeeds within 20 seconds
    for _ in $(seq 1000); do
        "$@" && return
        sleep 0.02
    done
    check "$*" false
}

# ---- two nights at once ----

mkdir drop
make_table 150000 >drop/one.csv
night=(tamis-ingest -q 'drop/*.csv' --into raw/night --incremental) # what cron does
held() { grep -qs "process $1 " .tamis/locks/raw+night; }
run_of() { ask "SELECT run_id FROM runs WHERE pid = $1"; }

"${night[@]}" &
first=$!
soon held $first
kill -STOP $first
before=$EPOCHREALTIME
"${night[@]}" --wait 1 2>second.err
same 'the second night is told to come again' 75 $?
check 'after a second' awk -v a="$before" -v b="$EPOCHREALTIME" 'BEGIN { exit !(b - a >= 1 && b - a < 15) }'
sed 's/^/        /' second.err
check 'the dataset and its holder are named' grep -q "dataset \"raw/night\" is being written by tamis-ingest, process $first " second.err
same 'by its process the catalog finds its run' running "$(ask "SELECT status FROM runs WHERE pid = $first")"
same 'the second night is a run that failed' 'failed|75' \
    "$(ask "SELECT status, exit_code FROM runs WHERE run_id <> '$(run_of $first)'")"
exits 75 tamis-features gc -q --wait 0
check 'gc names the run and its process' grep -q "run $(run_of $first) .*process $first " stderr.txt
"${night[@]}" --wait 60 2>third.err &
third=$!
sleep 0.2
kill -CONT $first
wait $first
same 'the first night ends well' 0 $?
wait $third
same 'who waits longer as well' 0 $?
same 'and found nothing new to do' 1 "$(ask "SELECT count(*) FROM versions WHERE dataset = 'raw/night'")"
same 'nor did it move what was read' "$(run_of $first)" "$(ask "SELECT run_id FROM versions WHERE dataset = 'raw/night'")"

# Started in the same moment, nobody stopped: whoever comes first.
done_by=0 busy=0
for round in 1 2 3 4; do
    make_table $((40000 + round)) >"drop/more$round.csv"
    for w in a b; do
        ("${night[@]}" --wait 0 >"night.$w" 2>"err.$w"; echo $? >"code.$w") &
    done
    wait
    case "$(cat code.a) $(cat code.b)" in
    '0 75') loser=b ;;
    '75 0') loser=a ;;
    '0 0') loser= ;; # one after the other
    *) echo "BROKEN  round $round: $(cat code.? err.? | tr '\n' ' ')"; broken=$((broken + 1)); loser= ;;
    esac
    done_by=$((done_by + 1))
    [ "$loser" ] || continue
    busy=$((busy + 1))
    holder=$(sed -n 's/.* process \([0-9]*\) of .*/\1/p' "err.$loser" | head -n 1)
    same "round $round: the winner is named" 'done' "$(ask "SELECT r.status FROM runs AS r JOIN versions AS v USING (run_id)
        WHERE r.pid = ${holder:-0} AND v.number = (SELECT max(number) FROM versions WHERE dataset = 'raw/night')")"
done
check 'some of them met' [ $busy -gt 0 ]
same 'each night once' $((1 + done_by)) "$(ask "SELECT max(number) FROM versions WHERE dataset = 'raw/night'")"
same 'every file once' 5 "$(tamis-features cat tamis:raw/night --format csv --columns _source | sort -u | grep -c csv)"
rm -rf .tamis drop

# ---- readers while gc and forget run ----

printf 'view: activity\nentity: [user_id]\nevent_time: ts\nfeatures: {n: int64, label: utf8}\n' >activity.yaml
exits 0 tamis-features define -q activity.yaml
name_of() { printf 'u%02d' "$1"; }
# make LABEL FROM ROWS: users from number FROM, each with ROWS rows
make() {
    awk -v label="$1" -v from="$2" -v rows="$3" -v users=$users 'BEGIN { print "user_id,ts,n,label"
        for (i = 0; i < rows; i++) for (u = from; u < users; u++) printf "u%02d,2026-01-%02dT%02d:%02d:%02dZ,%d,%s\n",
            u, 1 + i / 86400, i / 3600 % 24, i / 60 % 60, i % 60, i, label }' | tamis-ingest -q --no-store - --source-name "$1" -o "$1.arrow"
}
put() { tamis-features put -q activity "$1.arrow" --wait 60; }

# whole ANSWER DONE BEGUN: user and label of each row: each user has all rows or none; the latter is for users
# whose forgetting had BEGUN when it was read, the first for those for whom it was not DONE when it was asked.
whole() {
    sort "$1" | uniq -c | awk -v rows="$4" -v users=$users -v done="$2" -v begun="$3" '
        { label[$3] = 1; if ($2 in count) print "two versions of " $2; count[$2] = $1 }
        END {
            n = 0; for (l in label) n++
            if (n != 1) print n " versions in one answer"
            for (i = 0; i < users; i++) {
                user = sprintf("u%02d", i)
                if (count[user] != 0 && count[user] != rows) print count[user] " rows of " user
                if (count[user] == 0 && i >= begun) print "nothing of " user
                if (count[user] != 0 && i < done) print user " was forgotten"
            }
        }'
}
# plain FILE: an error for people: what is gone, and nothing of the machinery
plain() {
    head -n 1 "$1" | grep -q '^tamis-features: .*\(activity\|chunk\|no version\)' &&
        ! grep -qi 'sqlite\|locked\|malformed\|assert\|sanitizer\|out of memory' "$1"
}
# told NAME CODE: of a command that failed
told() {
    if [ "$2" = 1 ] || [ "$2" = 2 ]; then
        plain "err.$1" && { head -n 1 "err.$1" >>errors; return; }
    fi
    echo "$1 ended with $2: $(head -n 1 "err.$1")" >>wrong
}
oldest() { sqlite3 -readonly -cmd '.timeout 10000' .tamis/catalog.db 'SELECT min(number) FROM versions'; }
reader() {
    local r=$1 code gone begun reference k=0
    RANDOM=$((r + 1))
    while [ ! -e nights ]; do
        k=$((k + 1)) gone=$(cat gone) reference=latest
        [ $((RANDOM % 3)) = 0 ] && reference=$(oldest)
        rm -f "read.$r" "rows.$r"
        case $((r % 2)) in
        0) tamis-features cat "tamis:feature/activity@$reference" --format csv -o "read.$r" 2>"err.$r" ;;
        1) tamis-features get "activity@$reference" -q -o "rows.$r" 2>"err.$r" &&
            tamis-features cat "rows.$r" --format csv -o "read.$r" ;;
        esac
        code=$?
        begun=$(cat begun)
        if [ $code = 0 ]; then
            tail -n +2 "read.$r" | awk -F, '{ print $1, $4 }' >"answer.$r"
            whole "answer.$r" "$gone" "$begun" $rows | sed "s/^/reader $r of $reference: /" >>wrong
        else
            told "$r" $code
            [ -e "read.$r" ] || [ -e "rows.$r" ] && echo "reader $r left rows behind" >>wrong
        fi
    done
    echo "$k" >>reads
}
asker() { # one key, and one that stays open
    local r=$1 code gone begun user k=0
    RANDOM=$((r + 1))
    while [ ! -e nights ]; do
        k=$((k + 1)) gone=$(cat gone) user=$((RANDOM % users))
        tamis-features lookup activity "$(name_of $user)" >"read.$r" 2>"err.$r"
        code=$?
        begun=$(cat begun)
        if [ $code != 0 ]; then
            told "$r" $code
        elif grep -q "\"n\":$((rows - 1))," "read.$r"; then
            [ $user -ge "$gone" ] || echo "lookup: $(name_of $user) was forgotten" >>wrong
        elif [ $user -ge "$begun" ]; then
            echo "lookup of $(name_of $user): $(cat "read.$r")" >>wrong
        fi
    done
    echo "$k" >>reads
}
night() {
    local k=0
    while [ $k -lt 3 ] || { [ $SECONDS -lt $until ] && [ $k -lt 20 ]; }; do
        make "v$k" $k $rows
        put "v$k" || echo "put ended with $?" >>wrong
        echo $((k + 1)) >begun.new && mv begun.new begun
        tamis-features forget -q activity "$(name_of $k)" --wait 60 || echo "forget ended with $?" >>wrong
        echo $((k + 1)) >gone.new && mv gone.new gone
        tamis-features gc -q --keep-last 2 --wait 60 || echo "gc ended with $?" >>wrong
        k=$((k + 1))
    done
    echo $k >nights
}
echo 0 >gone
echo 0 >begun
: >wrong
: >errors
make v 0 $rows
put v
until=$((SECONDS + seconds))
for r in 0 1 2 3; do reader $r & done
for r in 4 5; do asker $r & done
night 2>>wrong
wait
same 'every answer is whole, every error is clear' '' "$(sort wrong | uniq -c | head -n 20)"
echo "        $(awk '{ n += $1 } END { print n }' reads) answers during $(cat nights) nights, $(wc -l <errors) of them an error:"
sed 's/[0-9a-f]\{16,\}/DIGEST/g; s/@[0-9]*/@N/g' errors | sort | uniq -c | sort -rn | head -n 4 | sed 's/^/        /'
check 'nights went by' [ "$(cat nights)" -gt 2 ]
exits 0 tamis-features gc -q
exits 0 tamis-features verify -q

# A reader that is in the middle of a version when it is to be forgotten from and collected.
make large 20 12000
make small 20 $rows
slow_reader() { # COMMAND...: prints the rows into a pipe that nobody goes on reading; $number, $reading
    put large
    number=$(ask 'SELECT max(number) FROM versions')
    put small
    rm -f pipe
    mkfifo pipe
    "${@//NUMBER/$number}" >pipe 2>slow.err &
    reading=$!
    exec 7<pipe
    head -c 1000 <&7 >slow.out
}
rest() {
    cat <&7 >>slow.out
    exec 7<&-
    wait $reading
}
answer() { tail -n +2 "$1" | awk -F, '{ print $1, $4 }' >answer.s; }
# cat keeps nobody waiting: what is gone ends it.
slow_reader tamis-features cat tamis:feature/activity@NUMBER --format csv
exits 0 tamis-features forget -q activity u20 --wait 30
exits 0 tamis-features gc -q --keep-last 1 --wait 30
same 'the version is gone' 0 "$(ask "SELECT count(*) FROM versions WHERE number = $number")"
rest
same 'cat ends with an error' 1 $?
check 'a clear one' plain slow.err
check 'that says what may have happened' grep -q 'gc or forget may have taken it' slow.err
sed 's/^/        /' slow.err
# get is a run: forget and gc wait for it, and name it.
slow_reader tamis-features get -q activity@NUMBER
for command in 'forget -q activity u21' 'gc -q --keep-last 1'; do
    # shellcheck disable=SC2086 # words
    exits 75 tamis-features $command --wait 0
    check 'the reader is named' grep -q "features get, process $reading " stderr.txt
done
rest
same 'get ends well' 0 $?
exits 0 tamis-features cat slow.out --format csv -o slow.csv
answer slow.csv
same 'with all of it' '' "$(whole answer.s 20 20 12000)"
exits 0 tamis-features forget -q activity u21
exits 0 tamis-features gc -q --keep-last 1
exits 0 tamis-features verify -q
finish
