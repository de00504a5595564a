#!/usr/bin/env bash
# The figures of the reports against pandas; the size of a page about 100 columns. Skipped where the peers
# are not installed (setup --test puts them into build-peers/).
tests=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
python=$tests/../build-peers/bin/python
"$python" -c 'import pyarrow, pandas, numpy' 2>/dev/null || {
    echo 'skipped: pyarrow and pandas are not in build-peers/ (./setup --test installs them from PyPI)'
    exit 77
}
. "$tests/invariants/lib.sh"

data=$tests/../examples/quickstart/data/hospital.csv
exits 0 tamis-ingest "$data" --source-name hospital.csv --into raw/hospital
exits 0 tamis-ingest "$data" --source-name hospital.csv --no-store -o raw.arrow
exits 0 tamis-clean tamis:raw/hospital -m 'missing markers=empty' \
    -m 'types columns={Score: {type: int64, unit: "%", on_fail: "null"}, Sample: {type: int64, unit: patients, on_fail: "null"}, ProviderNumber: {type: int64, on_fail: reject}}' \
    -m 'outliers columns=Score,Sample method=iqr action=flag' --into clean/hospital --report clean.json
exits 0 bash -c 'tamis-features cat tamis:clean/hospital --format arrow -o clean.arrow'
exits 0 bash -c 'tamis-features report clean/hospital --json >features.json'
check 'the figures of what came in are those of pandas' "$python" "$tests/peers/report.py" clean.json raw.arrow before
check 'the figures of what left are those of pandas' "$python" "$tests/peers/report.py" clean.json clean.arrow after
check 'the figures of a version are those of pandas' "$python" "$tests/peers/report.py" features.json clean.arrow value

# 100 columns, numbers and texts, 20,000 rows: the sample is smaller than the table.
"$python" - <<'END'
import numpy, pyarrow, pyarrow.csv
random = numpy.random.default_rng(1)
columns = {f"measure_{i}": random.normal(i, 1 + i, 20000).round(4) for i in range(50)}
columns |= {f"word_{i}": random.choice([f"value {k}" for k in range(5 + 40 * i)], 20000) for i in range(50)}
pyarrow.csv.write_csv(pyarrow.table(columns), "wide.csv")
END
exits 0 tamis-ingest wide.csv --no-store -o wide.arrow
exits 0 tamis-clean wide.arrow -m 'outliers columns=measure_1 method=iqr action=flag' -m text --no-store -o out.arrow --report wide.html
size=$(stat -c %s wide.html)
echo "a page about 100 columns: $size bytes"
check 'a page about 100 columns is at most 1 MB' test "$size" -le 1000000
finish
