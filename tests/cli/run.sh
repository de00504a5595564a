#!/usr/bin/env bash
# Runs the command-line cases: every folder tests/cli/GROUP/CASE/ that holds a file `cmd`.
#
#   tests/cli/run.sh [--build DIR] [--accept] [--jobs N] [FILTER...]
#
# A case is plain files:
#   cmd                     a sh script, run in an empty temporary folder; $CASE is the case's folder,
#                           $DATA is tests/data, the three commands and sqlite3 are on PATH
#   stdin                   what it reads (else nothing)
#   stdout | stdout.glob    what it must print: exactly, or line by line with * for anything
#   stderr | stderr.glob    the same for stderr; a file that is absent is not compared
#   exit                    the exit code (else 0)
# FILTER keeps the cases whose GROUP/CASE contains it. --accept writes what came out as the new
# expectation and shows what changed: read it before committing.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
build=${TAMIS_BUILD:-$top/build}
accept=no jobs=2 one=
filters=()
while [ $# -gt 0 ]; do
    case $1 in
    --build) build=$2; shift ;;
    --jobs) jobs=$2; shift ;;
    --accept) accept=yes ;;
    --one) one=$2; shift ;; # inner: one case, result into $RESULTS
    --help) sed -n '2,16s/^# \{0,1\}//p' "$0"; exit 0 ;;
    -*) echo "run.sh: unknown option $1" >&2; exit 2 ;;
    *) filters+=("$1") ;;
    esac
    shift
done
build=$(cd "$build" && pwd) || exit 2

# Whether each line of $2 matches the pattern in the same line of $1; only * is special.
glob_matches() {
    local pattern line more_patterns more_lines
    while true; do
        IFS= read -r pattern <&3 && more_patterns=yes || more_patterns=${pattern:+yes}
        IFS= read -r line <&4 && more_lines=yes || more_lines=${line:+yes}
        [ "$more_patterns" = "$more_lines" ] || return 1
        [ -n "$more_patterns" ] || return 0
        pattern=${pattern//\\/\\\\}
        pattern=${pattern//\[/\\[}
        pattern=${pattern//\?/\\?}
        # shellcheck disable=SC2053 # the right side is a pattern
        [[ $line == $pattern ]] || return 1
    done 3<"$1" 4<"$2"
}

# Compares the stream $1 with its expectation; prints the difference.
check_stream() {
    local expected=$CASE/$1 found=$work/$1
    if [ -f "$expected" ]; then
        cmp -s "$expected" "$found" && return 0
    elif [ -f "$expected.glob" ]; then
        glob_matches "$expected.glob" "$found" && return 0
        expected=$expected.glob
    else
        [ "$accept" = yes ] && [ -s "$found" ] || return 0
        : >"$expected"
    fi
    diff -a -u --label "expected $1" --label "found $1" "$expected" "$found" | head -n 60
    [ "$accept" = yes ] && cp "$found" "$expected"
    return 1
}

check_exit() {
    local expected=0
    [ -f "$CASE/exit" ] && expected=$(cat "$CASE/exit")
    [ "$expected" = "$1" ] && return 0
    echo "expected exit $expected, found $1"
    [ "$1" = 124 ] && echo "(124: not done after 120 seconds)"
    if [ "$accept" = yes ]; then
        if [ "$1" = 0 ]; then rm -f "$CASE/exit"; else echo "$1" >"$CASE/exit"; fi
    fi
    return 1
}

run_one() {
    export CASE=$here/$1 DATA=$top/tests/data
    local stdin=/dev/null good=yes code
    work=$(mktemp -d) || exit 1
    mkdir "$work/in" "$work/home"
    [ -f "$CASE/stdin" ] && stdin=$CASE/stdin
    (cd "$work/in" && unset TAMIS_STORE TAMIS_CPU TMPDIR &&
        export LC_ALL=C.UTF-8 TZ=UTC HOME=$work/home \
            PATH="$build/ingest:$build/clean:$build/features:$PATH" &&
        exec timeout 120 sh "$CASE/cmd") <"$stdin" >"$work/stdout" 2>"$work/stderr"
    code=$?
    {
        check_exit "$code" || good=no
        check_stream stdout || good=no
        check_stream stderr || good=no
        if [ $good = no ] && [ "$accept" = no ] && [ ! -f "$CASE/stderr" ] && [ ! -f "$CASE/stderr.glob" ]; then
            head -n 20 "$work/stderr" | sed 's/^/stderr: /'
        fi
    } >"$RESULTS/${1//\//__}.log"
    [ $good = yes ] && : >"$RESULTS/${1//\//__}.passed"
    rm -rf "$work"
}

if [ -n "$one" ]; then
    run_one "$one"
    exit 0
fi

selected() {
    [ ${#filters[@]} -eq 0 ] && return 0
    local filter
    for filter in "${filters[@]}"; do [[ $1 == *"$filter"* ]] && return 0; done
    return 1
}

RESULTS=$(mktemp -d) || exit 1
export RESULTS TAMIS_BUILD=$build
trap 'rm -rf "$RESULTS"' EXIT
cases=()
for file in "$here"/*/*/cmd; do
    [ -f "$file" ] || continue
    name=${file#"$here"/}
    name=${name%/cmd}
    selected "$name" && cases+=("$name")
done
[ ${#cases[@]} -gt 0 ] || { echo "run.sh: no case matches"; exit 1; }

flags=()
[ "$accept" = yes ] && flags+=(--accept)
printf '%s\0' "${cases[@]}" |
    xargs -0 -P "$jobs" -I '{}' "${BASH_SOURCE[0]}" "${flags[@]}" --one '{}'

passed=0 failed=0
for name in "${cases[@]}"; do
    if [ -f "$RESULTS/${name//\//__}.passed" ]; then
        passed=$((passed + 1))
        continue
    fi
    failed=$((failed + 1))
    [ "$accept" = yes ] && echo "CHANGED $name" || echo "FAILED $name"
    sed 's/^/    /' "$RESULTS/${name//\//__}.log"
done
if [ "$accept" = yes ]; then
    echo "$passed as expected, $failed rewritten"
    exit 0
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
