#!/usr/bin/env bash
# What tamis-features export writes, read by DuckDB, pyarrow and NumPy. Skipped where the peers are not
# installed (setup --test puts them into build-peers/).
python=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/build-peers/bin/python
script=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/export.py
"$python" -c 'import pyarrow, duckdb, numpy' 2>/dev/null || {
    echo 'skipped: pyarrow, duckdb and numpy are not in build-peers/ (./setup --test installs them from PyPI)'
    exit 77
}
. "$(dirname "${BASH_SOURCE[0]}")/../invariants/lib.sh"

check 'what is exported is what others read' "$python" "$script"
finish
