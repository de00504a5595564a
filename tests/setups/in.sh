#!/usr/bin/env bash
# Runs one test in a build with a sanitizer, or under valgrind; for meson test --setup.
#
#   in.sh asan|ubsan|tsan|valgrind BUILD PROGRAM [ARGUMENT...]
#
# The build of a sanitizer is BUILD-NAME; each test brings up to date what it runs, one at a time.
# ThreadSanitizer is clang's: gcc's libgomp is not known
# to it and gives false reports; libomp brings Archer, which tells it of OpenMP's barriers.
set -eu
kind=$1 build=$2
shift 2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source=$(cd "$here/../.." && pwd)

if [ "$kind" = valgrind ]; then
    command -v valgrind >/dev/null || { echo 'skipped: valgrind is not installed'; exit 77; }
    # a script is not looked into: bash and its tools are not ours
    head -c 4 "$1" | grep -q ELF || exec "$@"
    exec valgrind --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite \
        --suppressions="$here/valgrind.supp" "$@"
fi

case $kind in
asan) options='-Db_sanitize=address' ;;
ubsan) options='-Db_sanitize=undefined' ;;
tsan)
    options='-Db_sanitize=thread'
    command -v clang >/dev/null || { echo 'skipped: clang is not installed'; exit 77; }
    export CC=clang
    ;;
*) echo "in.sh: \"$kind\" is not asan, ubsan, tsan or valgrind" >&2; exit 2 ;;
esac

export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_stack_use_after_return=1:allocator_may_return_null=1}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-halt_on_error=1:print_stacktrace=1}
export TSAN_OPTIONS=${TSAN_OPTIONS:-halt_on_error=1:ignore_noninstrumented_modules=1}

sibling=$build-$kind
log=$build/meson-logs/setup-$kind.log
exec 8>"$build/meson-private/setup-$kind.lock"
flock 8
if [ ! -f "$sibling/build.ninja" ]; then
    # shellcheck disable=SC2086 # a list
    meson setup "$sibling" "$source" -Dbuildtype=debugoptimized -Db_lundef=false $options >"$log" 2>&1 8>&- ||
        { tail -n 30 "$log"; exit 1; }
fi
# A unit test or a fuzz target is one program; a script runs the programs.
targets='ingest/tamis-ingest clean/tamis-clean features/tamis-features lineage/tamis_sqlite.so'
case $1 in "$build"/*) targets=${1#"$build"/} ;; esac
# Its helpers are named by their place in the build folder, where a test runs.
for argument in "${@:2}"; do
    case $argument in
    tests/* | clean/*) [ ! -f "$build/$argument" ] || targets+=" $argument" ;;
    esac
done
# shellcheck disable=SC2086 # a list
ninja -C "$sibling" $targets >"$log" 2>&1 8>&- || { tail -n 30 "$log"; exit 1; }
# What it says counts only where it reports a race, and OpenMP's barriers are none to it.
proved() {
    ninja -C "$sibling" tests/setups/race >"$log" 2>&1 8>&- || { tail -n 30 "$log"; return 1; }
    timeout 60 "$sibling/tests/setups/race" apart >"$log" 2>&1 ||
        { echo 'in.sh: a barrier is taken for a race: is libarcher.so of libomp-14-dev there?'; head -n 20 "$log"; return 1; }
    timeout 60 "$sibling/tests/setups/race" together >"$log" 2>&1
    [ $? = 66 ] || { echo 'in.sh: a race is not seen'; return 1; }
    touch "$sibling/proved"
}
if [ "$kind" = tsan ] && [ ! -e "$sibling/proved" ]; then proved || exit 1; fi
flock -u 8
exec 8>&-

# Whatever names this build folder means its sibling; environment variables too.
arguments=()
for argument in "$@"; do
    arguments+=("${argument//"$build"/"$sibling"}")
done
[ "$PWD" != "$build" ] || cd "$sibling"
exec "${arguments[@]}"
