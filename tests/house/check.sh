# tests/house/check.sh: sourced by the house tests; counts what is wrong.
set -u
shopt -s lastpipe # complain counts in this shell, not in one of its pipe
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
wrong=0

# The tracked files that match the patterns, or all files where there is no repository.
files() {
    if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
        git ls-files -- "$@"
    else
        local pattern
        for pattern in "$@"; do
            # shellcheck disable=SC2086 # the pattern is one
            find . -path './build*' -prune -o -type f -path "./$pattern" -print
        done | sed 's|^\./||'
    fi
}

# Each line of stdin is something wrong; $1 says what.
complain() {
    local line
    while IFS= read -r line; do
        [ -n "$line" ] || continue
        echo "$1: $line"
        wrong=$((wrong + 1))
    done
}

finish() {
    [ "$wrong" -eq 0 ] || echo "$wrong wrong"
    [ "$wrong" -eq 0 ]
}
