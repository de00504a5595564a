#!/usr/bin/env bash
# The quickstart does what it says, twice: the same versions each time, three answers, no row lost.
. "$(dirname "${BASH_SOURCE[0]}")/../invariants/lib.sh"
run=$here/../../examples/quickstart/run
store=out/.tamis

for round in 1 2; do
    TAMIS_BUILD=$build "$run" "$work/out" >"said$round" 2>&1
    same "round $round ends well" 0 $?
    ask "SELECT dataset, number, rows, digest FROM versions ORDER BY 1, 2" >"versions$round"
done
same 'seven versions' 7 "$(wc -l <versions1)"
check 'the same versions again' cmp -s versions1 versions2
check 'it says where everything lies' grep -qF "Everything lies in $work/out" said1
check 'no row was lost' grep -qF 'No row was lost' said1
same 'the balance is even' '' "$(ask 'SELECT * FROM row_balance')"
check 'the first question leads back to the source' grep -q 'source:data/hospital.csv' said1
check 'the second one has a reason' grep -q 'reject  types .*ProviderNumber' said1
check 'the third one names three versions' test "$(grep -c '^    [a-z]*/picture.* 20[0-9][0-9]-' said1)" -ge 3
same 'broken, dark, light, blurred and blank pictures went' 8 \
    "$(ask "SELECT count(*) FROM row_events WHERE kind = 'reject' AND module = 'images' AND run_id IN
        (SELECT run_id FROM runs WHERE stage = 'clean')")"
same 'every phone number is masked' 0 "$(tamis-features cat tamis:clean/hospital --store out/.tamis --format csv \
    --columns PhoneNumber | tail -n +2 | grep -c '[0-9]\{10\}')"
[ "$broken" -eq 0 ] || cat said1
finish
