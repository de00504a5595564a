# tests/invariants/lib.sh: sourced by the invariant tests: $1 is the build directory.
#
# Each test works in its own temporary folder, says what it checks, and fails if anything it
# promised does not hold.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$(cd "${1:?the build directory}" && pwd)
export PATH="$build/ingest:$build/clean:$build/features:$PATH" LC_ALL=C.UTF-8 TZ=UTC
data=$here/../data
measure=$build/tests/bench/measure
unset TAMIS_STORE TAMIS_CPU
work=$(mktemp -d "${TMPDIR:-/tmp}/tamis-invariant-XXXXXX") || exit 1
cd "$work" || exit 1
broken=0

leave() {
    # shellcheck disable=SC2046 # a list of numbers
    kill $(jobs -p) 2>/dev/null
    umount "$work/small" 2>/dev/null
    cd /
    rm -rf "$work"
}
trap leave EXIT

# check TEXT COMMAND...: the command succeeds.
check() {
    local text=$1
    shift
    if "$@"; then
        echo "ok      $text"
    else
        echo "BROKEN  $text"
        broken=$((broken + 1))
    fi
}

# same TEXT EXPECTED FOUND
same() {
    if [ "$2" = "$3" ]; then
        echo "ok      $1"
    else
        echo "BROKEN  $1: expected \"$2\", found \"$3\""
        broken=$((broken + 1))
    fi
}

# exits CODE COMMAND...: with what it said on stderr where the code is another one.
exits() {
    local wanted=$1 code
    shift
    "$@" 2>stderr.txt
    code=$?
    same "exit $wanted: ${*:1:6}" "$wanted" "$code"
    [ "$code" = "$wanted" ] || sed 's/^/        /' stderr.txt
}

finish() {
    [ "$broken" -eq 0 ] && echo 'all of it holds'
    [ "$broken" -eq 0 ]
}

# A question to the catalog, as any user would ask it. (Not with -readonly: what a killed writer left
# in the journal has to be rolled back by whoever comes first.)
ask() {
    sqlite3 -batch "${store:-.tamis}/catalog.db" "$1" || { echo '(the query failed)'; return 1; }
}

# make_table ROWS: a table with dirt of every kind, the same for the same number.
make_table() {
    awk -v rows="$1" 'BEGIN {
        seed = 20261124
        print "id,name,email,age,city,amount,joined"
        split("Zürich Bern Basel Genève Lugano Chur", city, " ")
        for (i = 1; i <= rows; i++) {
            seed = (seed * 1103515245 + 12345) % 2147483648
            age = 18 + seed % 70
            if (i % 41 == 0) age = ""
            if (i % 53 == 0) age = -5
            if (i % 61 == 0) age = "N/A"
            amount = (seed % 100000) / 100
            if (i % 499 == 0) amount = 900000000
            line = sprintf("%d,\"  Person   %d \",p%d@example.org,%s,%s,%.2f,2026-%02d-%02d", i,
                seed % 5000, i, age, city[1 + seed % 6], amount, 1 + i % 12, 1 + i % 28)
            if (i % 97 == 0) line = line ",one,too,many"
            print line
            if (i % 89 == 0) print line
        }
    }'
}

# The recipe that goes with it: rejects, merges, drops, changes.
make_recipe() {
    cat <<'RECIPE'
tamis: 1
steps:
  - text: {columns: [name, city]}
  - missing: {markers: ["N/A"]}
  - types: {columns: {age: int64, amount: float64}}
  - validate: {rules: [{column: age, between: [0, 120], on_fail: reject}]}
  - deduplicate: {method: exact}
  - outliers: {columns: [amount], method: mad, action: drop}
  - impute: {columns: [age], method: median, indicator: true}
  - normalize: {columns: [amount], method: standard}
RECIPE
}

# Whole MiB of anonymous memory of the last command that "$measure" report ran, rounded up.
peak_mib() {
    tail -n 1 report | sed -n 's/.*"anonymous_mib": \([0-9]*\).*/\1/p' | awk '{print $1 + 1}'
}

make_view() {
    cat <<'VIEW'
view: person
entity: [id]
VIEW
}
