#!/usr/bin/env bash
# Who may know whom: base <- columnar <- lineage <- {ingest, clean, features}. Stages never see each
# other; a module or a source never sees a sibling; threads, memory, exit and printing live in one
# place each.
. "$(dirname "$0")/check.sh"

product='base columnar lineage ingest clean features'

# room -> the rooms it may include
allowed() {
    case $1 in
    base) echo base ;;
    columnar) echo base columnar ;;
    lineage) echo base columnar lineage ;;
    *) echo base columnar lineage "$1" ;;
    esac
}

sources_of() {
    local room
    for room in "$@"; do files "$room/*.c" "$room/*.h" "$room/*.cu"; done
}

includes_upwards() {
    local room pattern
    for room in $product; do
        pattern=$(allowed "$room" | tr ' ' '|')
        sources_of "$room" | xargs -r grep -nE '^#include "' |
            grep -vE "#include \"($pattern)/" || true
    done
}

# The idea a file belongs to: clean/module_impute.c, clean/impute_knn.c -> impute; ingest/source_csv.c,
# ingest/csv_rows.c -> csv. Empty where it belongs to none.
idea_of() {
    local name=${1##*/} idea
    name=${name%.*}
    for idea in $2; do
        case $name in
        "$3_$idea" | "$3_${idea}_"* | "${idea}_"* | "$idea") echo "$idea"; return ;;
        esac
    done
}

# A kind built of another's parts, file:idea. Lines are a table of texts: cut, typed and made into
# columns as the fields of a CSV file are.
built_of='ingest/source_lines.c:csv'

sibling_includes() { # room prefix ideas
    local file idea line other
    for file in $(sources_of "$1"); do
        idea=$(idea_of "$file" "$3" "$2")
        [ -n "$idea" ] || continue
        grep -nE "^#include \"$1/" "$file" | while IFS= read -r line; do
            other=$(idea_of "$(echo "$line" | sed 's/.*"\(.*\)".*/\1/')" "$3" "$2")
            [ -z "$other" ] || [ "$other" = "$idea" ] || [ "$file:$other" = "$built_of" ] ||
                echo "$file:$line"
        done
    done
}

modules='text missing types standardize images validate deduplicate outliers impute mask labels normalize'
kinds=$(files 'ingest/source_*.c' | sed 's|.*/source_||; s|\.c$||' | tr '\n' ' ')

# Calls outside the files that may make them: pattern, then a pattern of the files.
calls_outside() {
    # shellcheck disable=SC2086 # a list of rooms
    sources_of $product | grep -vE "^($2)$" | xargs -r grep -nE "$1" | grep -vE '^[^:]+:[0-9]+: *(\*|/\*|//)' || true
}

includes_upwards | complain 'includes a room above or beside its own'
sibling_includes clean module "$modules" | complain 'a module includes a sibling'
sibling_includes ingest source "$kinds" | complain 'a source includes a sibling'
calls_outside '#pragma omp|<omp\.h>|\bpthread_create\b|\bthrd_create\b' 'base/parallel\.c' |
    complain 'starts threads outside base/parallel.c'
calls_outside '\b(fork|vfork|system|popen)\(' 'base/sandbox\.c|base/sandbox_worker\.c' |
    complain 'starts processes outside base/sandbox.c'
calls_outside '\b(malloc|calloc|realloc|reallocarray|strdup|strndup|v?asprintf)\(' 'base/memory\.c' |
    complain 'allocates beside base/memory.c'
calls_outside '\b(_exit|exit|abort|quick_exit|err|errx)\(' 'base/sandbox_worker\.c' | complain 'ends the process'
calls_outside '\b(v?printf|puts|putchar|perror)\(|\bv?fprintf\(stderr|\bfputs\(.*stderr' \
    'base/command\.c|base/progress\.c|[a-z]+/main[a-z_]*\.c' | complain 'prints outside a main'
calls_outside '\b(gets|strcpy|strcat|sprintf|strtok|atoi|atof|localtime|mktime|system|popen|rand)\(' 'none' |
    complain 'a banned function'
finish
