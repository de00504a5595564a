#!/usr/bin/env bash
# The headline on the small set: governed data makes the model better, what was injected is found, two
# versions and every training are in the catalog with ten metrics an epoch and more, the report is there.
. "$(dirname "${BASH_SOURCE[0]}")/../invariants/lib.sh"
top=$(cd "$here/../.." && pwd)
for python in python3 /usr/bin/python3 "$top/build-peers/bin/python" ''; do
    [ -n "$python" ] && "$python" -c 'import numpy' 2>/dev/null && break
done
[ -n "$python" ] || {
    echo 'skipped: no Python with NumPy'
    exit 77
}
run=$top/examples/headline/run
store=out/.tamis
export OMP_WAIT_POLICY=PASSIVE

PYTHON=$python TAMIS_BUILD=$build "$run" --out "$work/out" --report "$work/report.html" --network numpy \
    --seeds 1,2 >said 2>&1
same 'it ends well' 0 $?

# figure EXPRESSION: of found.json as f, of the accuracies by arm as a.
figure() {
    "$python" - "$1" <<'PYTHON'
import glob, json, sys
f = json.load(open("out/found/found.json"))
a, runs = {}, [json.load(open(path)) for path in glob.glob("out/results/*.json")]
for run in runs:
    a.setdefault(run["arm"], []).append(run["accuracy"])
a = {arm: sum(values) / len(values) for arm, values in a.items()}
print(eval(sys.argv[1]))
PYTHON
}
same 'governed is at least a tenth better' True "$(figure 'a["governed"] > 1.1 * a["raw"]')"
same 'also without standardizing' True "$(figure 'a["governed_pixels"] > a["raw_pixels"]')"
same 'also stopped early' True "$(figure 'a["governed_stopped"] > a["raw_stopped"]')"
same 'true labels are better still' True "$(figure 'a["oracle"] > a["governed"]')"
same 'labels do most of it' True "$(figure 'a["labels_drop"] > 1.1 * a["deduplicate"]')"
for dirt in truncated blank; do
    same "every $dirt file and no other" '[1.0, 1.0]' "$(figure "[f['scores']['$dirt'][k] for k in ('precision', 'recall')]")"
done
same 'every copy' '[120, 120, 1.0]' "$(figure "[f['scores']['copies'][k] for k in ('found', 'hits', 'recall')]")"
same 'wrong labels with an F1 above 0.85' True "$(figure 'f["scores"]["labels"]["f1"] > 0.85')"
same '15 epochs of ten metrics and more' True "$(figure \
    'all(len(run["epochs"]) == 15 and len(epoch) >= 10 for run in runs for epoch in run["epochs"])')"

same 'two versions of the view, with their tags' '1 raw,2 governed' \
    "$(ask "SELECT group_concat(t, ',') FROM (SELECT number || ' ' || tag AS t FROM tags ORDER BY 1)")"
same 'no row was lost' '' "$(ask 'SELECT * FROM row_balance')"
same 'two trainings an arm are runs' 22 "$(ask "SELECT count(*) FROM runs WHERE stage LIKE 'job train %'")"
same 'each with 15 epochs of 15 metrics' 22 "$(ask "SELECT count(*) FROM (SELECT run_id FROM run_metrics
    WHERE name GLOB 'epoch_*.*' GROUP BY run_id HAVING count(*) >= 15 * 15)")"
tamis-features lineage model:governed-1 --up --store out/.tamis --format json >graph.json
for node in source:raw source:test version:clean/governed@1 version:feature/picture@2; do
    check "the model comes from $node" grep -qF "\"$node\"" graph.json
done
check 'and not from the raw version of the view' sh -c '! grep -qF version:feature/picture@1 graph.json'
check 'the report stands for itself' sh -c 'grep -q "</html>" report.html && ! grep -qE "(src|href)=.?https?:" report.html'
same 'with sixty labels and two lineages' '60 2' \
    "$(grep -o '<figure>' report.html | wc -l) $(grep -o 'data:image/svg' report.html | wc -l)"
exits 2 env TAMIS_BUILD="$build" "$run" --data missing --out "$work/other"
[ "$broken" -eq 0 ] || tail -40 said
finish
