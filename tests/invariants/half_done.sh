#!/usr/bin/env bash
# Invariant 2, killed: a version is there whole or not at all after kill -9 of each stage in turn;
# the killed run is recorded as lost, the others as failed.
. "$(dirname "$0")/lib.sh"
trap '' PIPE

make_table 240000 >people.csv
head -n 150000 people.csv >first
tail -n +150001 people.csv >second
head -n 50 people.csv >small.csv
make_recipe >recipe.yaml
make_view >person.yaml
mkfifo in a b

# Waits up to 30 s until the question has the answer.
until_answer() {
    local i
    for i in $(seq 300); do
        [ "$(ask "$2" 2>/dev/null)" = "$1" ] && return 0
        sleep 0.1
    done
    return 1
}

# Runs the pipe up to the middle of its input, sends the signal to one stage, and gives the rest.
# What each stage gets in front: $3, $4. Fills code_ingest, code_clean, code_put.
run_pipe() {
    local victim=$1 signal=$2 before
    before=$(ask 'SELECT count(*) FROM runs')
    # shellcheck disable=SC2086 # lists of arguments
    tamis-ingest - --source-name people.csv $3 <in >a 2>err.ingest &
    local ingest=$!
    # shellcheck disable=SC2086
    tamis-clean --recipe recipe.yaml $4 <a >b 2>err.clean &
    local clean=$!
    tamis-features put person <b >out.put 2>err.put &
    local put=$!
    exec 9>in
    cat first >&9
    until_answer $((before + 3)) 'SELECT count(*) FROM runs' || echo 'the three runs did not begin'
    kill "-$signal" "${!victim}"
    wait "${!victim}" 2>/dev/null
    declare -g "code_$victim=$?"
    cat second >&9 2>/dev/null
    exec 9>&-
    local stage
    for stage in ingest clean put; do
        [ $stage = "$victim" ] && continue
        wait "${!stage}" 2>/dev/null
        declare -g "code_$stage=$?"
    done
}

exits 0 tamis-features define person.yaml
declare -A stage_of=([ingest]=ingest [clean]=clean [put]='features put')
for victim in ingest clean put; do
    run_pipe $victim KILL '' ''
    same "$victim killed" 137 "$(eval "echo \$code_$victim")"
    case $victim in
    ingest) same 'clean and put refuse what has no end marker' '1 1' "$code_clean $code_put" ;;
    clean) same 'ingest stops quietly, put refuses' '141 1' "$code_ingest $code_put" ;;
    # clean takes the whole input before it writes (its fit needs all rows): ingest could finish
    put) same 'clean stops quietly, ingest was done' '0 141' "$code_ingest $code_clean" ;;
    esac
    same 'nothing was committed' '0' "$(ask "SELECT count(*) FROM versions WHERE dataset <> 'raw/small'")"
    exits 0 tamis-ingest small.csv --into raw/small # the next writer tells who was lost
    same "the run of $victim is lost" "${stage_of[$victim]}" \
        "$(ask "SELECT stage FROM runs WHERE status = 'lost' ORDER BY started_at DESC LIMIT 1")"
done
same 'three runs are lost, five failed' 'failed|5
lost|3' "$(ask "SELECT status, count(*) FROM runs WHERE status <> 'done' GROUP BY 1 ORDER BY 1")"

# Each stage also commits: what is there is whole.
run_pipe clean KILL '--into raw/people -o -' '--into clean/people -o -'
same 'neither clean nor put committed' 0 \
    "$(ask "SELECT count(*) FROM versions WHERE dataset IN ('clean/people', 'feature/person')")"
same 'raw is whole: a dead reader does not stop its commit' "0|$(($(wc -l <people.csv) - 1))" \
    "$code_ingest|$(ask "SELECT rows_out + rows_rejected FROM runs WHERE run_id =
        (SELECT run_id FROM versions WHERE dataset = 'raw/people')")"

# The locks of the dead are gone: the same again, unharmed.
tamis-ingest people.csv --into raw/people -o - 2>err.ingest |
    tamis-clean --recipe recipe.yaml --into clean/people -o - 2>err.clean |
    tamis-features put person >out.put 2>err.put
same 'the next night succeeds' '0 0 0' "${PIPESTATUS[*]}"
same 'one clean and one feature version' 'clean/people|1
feature/person|1' "$(ask "SELECT dataset, count(*) FROM versions
    WHERE dataset IN ('clean/people', 'feature/person') GROUP BY 1 ORDER BY 1")"
exits 0 tamis-features verify person

# SIGTERM is told from death.
run_pipe clean TERM '' ''
same 'clean was terminated' 143 "$code_clean"
same 'its run is recorded as aborted' aborted \
    "$(ask "SELECT status FROM runs WHERE stage = 'clean' ORDER BY started_at DESC LIMIT 1")"
same 'put refused' 1 "$code_put"
finish
