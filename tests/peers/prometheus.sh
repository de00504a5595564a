#!/usr/bin/env bash
# What --metrics-file writes, read by Debian's prometheus-node-exporter: it takes every file of a folder
# together, or refuses all of them when two disagree on a HELP or show one series twice. Skipped where it
# is not installed (setup --test installs it).
command -v prometheus-node-exporter >/dev/null || {
    echo 'skipped: prometheus-node-exporter is not installed (./setup --test installs it)'
    exit 77
}
. "$(dirname "${BASH_SOURCE[0]}")/../invariants/lib.sh"

# ---- a night: three programs, twice the same program, one failure ----

mkdir prom
make_table 2000 >table.csv
make_recipe >recipe.yaml
make_view >view.yaml
exits 0 tamis-ingest table.csv --into raw/person --metrics-file prom/ingest_person.prom
exits 0 tamis-clean tamis:raw/person --recipe recipe.yaml --into clean/person \
    --metrics-file prom/clean_person.prom
exits 0 tamis-features define view.yaml --metrics-file prom/define.prom
exits 0 tamis-features put person tamis:clean/person --metrics-file prom/put.prom
exits 0 tamis-features get person -o person.arrow --metrics-file prom/get.prom
exits 0 tamis-clean person.arrow --no-store --metrics-file 'prom/we "ird\ näme.prom' -m text -o x.arrow
exits 1 tamis-ingest gone.csv --into raw/gone --metrics-file prom/ingest_gone.prom
# A run that is told to stop says so too.
mkfifo endless
tamis-ingest - --format csv --no-store -o stopped.arrow --metrics-file prom/stopped.prom <endless 2>stopped.txt &
stopped=$!
exec 9>endless
printf 'a,b\n1,2\n' >&9
sleep 0.5
kill -TERM "$stopped"
wait "$stopped"
same 'exit 143' 143 $?
exec 9>&-

# ---- the format, as promtool would look at it ----

for file in prom/*.prom; do
    check "$(basename "$file"): format" awk '
        /^# HELP / { if ($3 in help) bad = 1; help[$3] = 1; next }
        /^# TYPE / { if (!($3 in help) || $4 != "gauge") bad = 1; type = $3; next }
        /^[a-z_:][a-zA-Z0-9_:]*\{([a-z_]+="([^"\\]|\\\\|\\"|\\n)*",?)+\} ([-+0-9.e]+|NaN|[+-]Inf)$/ {
            name = $0; sub(/\{.*/, "", name)
            if (name != type || seen[$0]++) bad = 1
            samples++; next
        }
        { bad = 1 }
        END { exit bad || samples < 15 }' "$file"
done
same 'one HELP and TYPE a name in all files' '' \
    "$(sed -n 's/^# \(HELP\|TYPE\)/\1/p' prom/*.prom | sort -u | awk '{ if (seen[$1 $2]++) print $2 }')"

# ---- the collector itself ----

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
prometheus-node-exporter --web.listen-address="127.0.0.1:$port" --collector.disable-defaults \
    --collector.textfile --collector.textfile.directory="$work/prom" >exporter.txt 2>&1 &
exporter=$!
scrape() {
    python3 - "http://127.0.0.1:$port/metrics" <<'PYTHON'
import sys, time, urllib.request
for attempt in range(50):
    try:
        sys.stdout.write(urllib.request.urlopen(sys.argv[1], timeout=5).read().decode())
        break
    except OSError as error:
        last = error
        time.sleep(0.1)
else:
    sys.exit(f"no answer: {last}")
PYTHON
}
check 'the exporter answers' scrape >page.txt
same 'it read every file' 'node_textfile_scrape_error 0' "$(grep '^node_textfile_scrape_error' page.txt)"
same 'it names every file' "$(find prom -name '*.prom' | wc -l)" \
    "$(grep -c '^node_textfile_mtime_seconds' page.txt)"
same 'it complains about nothing' '' "$(grep -i 'level=error' exporter.txt)"
value() { sed -n "s/^tamis_run_$2{[^}]*task=\"$1\"[^}]*} //p" page.txt; }
same 'a failed night is visible' 1 "$(value ingest_gone exit_code)"
same 'and never worked' 0 "$(value ingest_gone last_success_timestamp_seconds)"
same 'a stopped one too' 143 "$(value stopped exit_code)"
same 'a good one is good' 0 "$(value clean_person exit_code)"
same 'rows are those of the run' "$(ask "SELECT rows_in FROM runs WHERE stage = 'clean'")" \
    "$(value clean_person rows_in)"
same 'what one stage measures has its name as a label' "$(ask "SELECT printf('%d', value)
    FROM run_metrics JOIN runs USING (run_id) WHERE stage = 'clean' AND name = 'passes'")" \
    "$(sed -n 's/^tamis_run_measure{.*name="passes".*task="clean_person".*} //p' page.txt)"
# 15 measures and more of every run in the catalog as well.
same 'every recorded run has 15 metrics' '' "$(ask "SELECT stage, count(*) FROM runs
    LEFT JOIN run_metrics USING (run_id) GROUP BY run_id HAVING count(*) < 15")"

# What we avoid, this collector refuses: the same series in two files.
cp prom/put.prom prom/copy.prom
scrape >/dev/null 2>&1
same 'it refuses one series in two files' yes \
    "$(grep -q 'was collected before with the same name and label' exporter.txt && echo yes || echo no)"
kill "$exporter"
finish
