#!/usr/bin/env bash
# The golden files as tables of the stock sqlite3 shell, against what pyarrow reads. Skipped where it is
# not installed (setup --test puts it into build-peers/).
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
"$top/build-peers/bin/python" -c 'import pyarrow' 2>/dev/null || {
    echo 'skipped: pyarrow is not in build-peers/ (./setup --test installs it from PyPI)'
    exit 77
}
. "$(dirname "${BASH_SOURCE[0]}")/../invariants/lib.sh"

check 'each value is the one pyarrow reads' "$top/build-peers/bin/python" "$top/tests/peers/extension.py" \
    "$build/lineage/tamis_sqlite" "$top/tests/data/arrow/gold"
finish
