#!/usr/bin/env bash
# Every recipe in examples/recipes runs and finds what it expects; no two have the same list of steps, as
# their catalogs tell it: the commands in order, and the modules of each clean.
. "$(dirname "${BASH_SOURCE[0]}")/../invariants/lib.sh"
recipes=$here/../../examples/recipes

TAMIS_BUILD=$build TAMIS_RECIPES=$work "$recipes/run" >said 2>&1
same 'all of them run' 0 $?
names=$(cd "$recipes" && printf '%s\n' */ | tr -d /)
for name in $names; do
    check "$name" grep -qx "$name ok" said
    check "$name is in the table" grep -qF "| \`$name\` |" "$recipes/README.md"
    sqlite3 -readonly -batch "$name/.tamis/catalog.db" "SELECT group_concat(step, '; ') FROM
        (SELECT json_extract(argv, '\$[0]') || CASE stage WHEN 'features' THEN ' ' || json_extract(argv, '\$[1]') ELSE '' END
            || coalesce(' ' || (SELECT group_concat(module, ' ') FROM
                (SELECT module FROM module_effects AS m WHERE m.run_id = r.run_id ORDER BY position)), '') AS step
            FROM runs AS r ORDER BY run_key)" >>steps
done
check 'twenty at least' test "$(wc -w <<<"$names")" -ge 20
same 'every one has steps' "$(wc -w <<<"$names")" "$(grep -c . steps)"
same 'lists of steps that occur twice' '' "$(sort steps | uniq -d)"
# A recipe that expects something else fails.
cp -r "$recipes" broken && mkdir -p examples && mv broken examples/recipes
sed -i "s/expect 'payments' 995/expect 'payments' 996/" examples/recipes/transactions/run
TAMIS_BUILD=$build TAMIS_RECIPES=$work/again examples/recipes/run transactions >refused 2>&1
same 'what is expected can fail' 1 $?
check 'it says what it found' grep -qF 'payments: expected "996", found "995"' refused
[ "$broken" -eq 0 ] || { cat said; nl steps; }
finish
