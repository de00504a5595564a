# examples/recipes/lib.sh: what every recipe starts with; sourced by NAME/run.
#
# Finds the programs (the PATH, or the build named by TAMIS_BUILD), makes a fresh folder to work in with
# an empty store, and goes there. Recipes lie in $here, data of this repository in $top.
#
#   TAMIS_BUILD      the build directory; default build/ of the repository, then the PATH
#   TAMIS_RECIPES    where the folders are made; default build-recipes/ of the repository
# shellcheck shell=bash
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[1]}")" && pwd)
name=$(basename "$here")
top=$(cd "$here/../../.." && pwd)
build=${TAMIS_BUILD:-$top/build}
export PATH="$build/ingest:$build/clean:$build/features:$PATH" LC_ALL=C.UTF-8 TZ=UTC
command -v tamis-features >/dev/null || {
    echo "$name: tamis-features is not there: ./quickstart builds it, or set TAMIS_BUILD" >&2
    exit 1
}
work=${TAMIS_RECIPES:-$top/build-recipes}/$name
rm -rf "$work"
mkdir -p "$work"
cd "$work"
export TAMIS_STORE=$work/.tamis
trap 'echo "$name: line $LINENO failed; what it made is in $work" >&2' ERR

step() { printf '%s\n' "$*"; }

# expect WHAT EXPECTED FOUND: the recipe fails where they differ.
expect() {
    if [ -e "$work/.failed" ]; then
        printf '%s: %s: a question failed: %s\n' "$name" "$1" "$(cat "$work/.failed")" >&2
        exit 1
    elif [ "$2" = "$3" ]; then
        printf '  %s: %s\n' "$1" "${2:-nothing}"
    else
        printf '%s: %s: expected "%s", found "%s"\n' "$name" "$1" "$2" "$3" >&2
        exit 1
    fi
}

# exits CODE COMMAND...: runs a command whose exit code is known beforehand.
exits() {
    local wanted=$1 code=0
    shift
    "$@" 2>said || code=$?
    [ "$code" -eq "$wanted" ] || sed 's/^/  /' said >&2
    expect "exit code of ${*:1:2}" "$wanted" "$code"
}

# What these print goes into expect; a failure within $(...) must not look like "nothing found".
mark() { echo "$*" >>"$work/.failed"; }

# A question to the catalog, as any user would ask it.
ask() { sqlite3 -readonly -batch "$TAMIS_STORE/catalog.db" "$@" || mark "ask $1"; }

# csv INPUT [COLUMN,...]: the rows of a version or a file, without a header.
csv() { { tamis-features cat --format csv ${2:+--columns "$2"} "$1" || mark "csv $*"; } | tail -n +2; }

# rows INPUT [PATTERN]: how many rows there are, or hold the pattern.
rows() { { tamis-features cat --format jsonl "$1" || mark "rows $*"; } | grep -c -e "${2:-}" || true; }
