#!/usr/bin/env bash
# normalize beside scikit-learn (tests/peers/scalers.py). Skipped where the peers are not installed (setup
# --test puts them into build-peers/).
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
python=$top/build-peers/bin/python
"$python" -c 'import pyarrow, sklearn, scipy, numpy' 2>/dev/null || {
    echo 'skipped: pyarrow and scikit-learn are not in build-peers/ (./setup --test installs them from PyPI)'
    exit 77
}
exec "$python" -W ignore "$top/tests/peers/scalers.py" "${1:-build}"
