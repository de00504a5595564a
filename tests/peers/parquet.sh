#!/usr/bin/env bash
# Parquet files of pyarrow, DuckDB and Polars, read by tamis-ingest, and what columnar/ writes, read by
# them. Skipped where the peers are not
# installed (setup --test puts them into build-peers/).
python=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/build-peers/bin/python
script=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/parquet.py
"$python" -c 'import pyarrow, polars, duckdb' 2>/dev/null || {
    echo 'skipped: pyarrow, polars and duckdb are not in build-peers/ (./setup --test installs them from PyPI)'
    exit 77
}
. "$(dirname "${BASH_SOURCE[0]}")/../invariants/lib.sh"

check 'what is read is what pyarrow reads' "$python" "$script"
check 'what is written is what pyarrow, DuckDB and Polars read' \
    "$python" "${script%.py}_written.py" "$build/tests/unit/columnar/parquet_copy"
finish
