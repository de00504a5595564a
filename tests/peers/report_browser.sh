#!/usr/bin/env bash
# Reports in headless Chromium (Debian's, driven by Playwright from build-peers/): real tables, pictures, a table of
# nothing, names that are markup. Skipped where either is not installed (setup --test).
tests=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
python=$tests/../build-peers/bin/python
chromium=$(command -v chromium || true)
[ -n "$chromium" ] && "$python" -c 'import playwright' 2>/dev/null || {
    echo 'skipped: chromium is not installed, or playwright is not in build-peers/ (./setup --test installs both)'
    exit 77
}
. "$tests/invariants/lib.sh"

data=$tests/../examples/quickstart
exits 0 tamis-ingest "$data/data/hospital.csv" --source-name hospital.csv --into raw/hospital
exits 0 tamis-clean tamis:raw/hospital --recipe "$data/hospital.yaml" -m 'outliers columns=Score method=iqr action=flag' \
    --into clean/hospital --report hospital.html
exits 0 tamis-clean tamis:raw/hospital -m 'missing markers=empty' --into clean/hospital
exits 0 tamis-features report clean/hospital@1..2 -o versions.html
exits 0 tamis-ingest "$data/data/pictures" --no-store -o pictures.arrow
exits 0 tamis-clean pictures.arrow -m 'images on_issue=flag' --no-store -o marked.arrow --report pictures.html
printf 'a,b\n' >empty.csv
exits 0 tamis-ingest empty.csv --no-store -o empty.arrow
exits 0 tamis-clean empty.arrow -m text --no-store -o out.arrow --report empty.html
printf '<script>alert(1)</script>,"x""><img src=http://localhost/x>",\342\200\256evil_%s\n"</style><script>alert(2)</script>",b,3\n4,c,5\n' \
    "$(printf 'w%.0s' $(seq 300))" >hostile.csv
exits 0 tamis-ingest hostile.csv --no-store -o hostile.arrow
exits 3 tamis-clean hostile.arrow -m 'validate rules=[{rows: [10, 20]}]' --no-store -o out.arrow --report hostile.html
check 'the pages are sound in light, dark and at the width of a telephone' \
    "$python" "$tests/peers/report_browser.py" "$chromium" hospital.html versions.html pictures.html empty.html hostile.html
finish
