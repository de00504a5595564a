#!/usr/bin/env bash
# Tensors of pictures beside Pillow and OpenCV (tests/peers/resize.py). Skipped where the peers are not installed (setup
# --test puts them into build-peers/).
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
python=$top/build-peers/bin/python
"$python" -c 'import pyarrow, PIL, numpy' 2>/dev/null || {
    echo 'skipped: pyarrow and Pillow are not in build-peers/ (./setup --test installs them from PyPI)'
    exit 77
}
exec "$python" -W ignore "$top/tests/peers/resize.py" "${1:-build}"
