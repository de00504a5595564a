#!/usr/bin/env bash
# What the stages write, opened by pyarrow and Polars, and the other way round. Skipped where the
# peers are not installed (setup --test puts them into build-peers/).
python=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/build-peers/bin/python
script=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/handover.py
"$python" -c 'import pyarrow, polars' 2>/dev/null || {
    echo 'skipped: pyarrow and polars are not in build-peers/ (./setup --test installs them from PyPI)'
    exit 77
}
. "$(dirname "${BASH_SOURCE[0]}")/../invariants/lib.sh"

make_table 20000 >people.csv
make_recipe >recipe.yaml
exits 0 tamis-ingest people.csv --no-store -o raw.arrow
exits 0 tamis-clean raw.arrow --recipe recipe.yaml --no-store -o clean.arrow
exits 0 bash -c 'tamis-ingest people.csv --no-store | tamis-clean --recipe recipe.yaml --no-store >clean.arrows'
check 'the other implementations agree' "$python" "$script"
finish
