#!/usr/bin/env bash
# What --emit and lineage --format openlineage write, held against OpenLineage's own schemas and read by its
# own client. Skipped where the peers are not installed (setup --test puts them into build-peers/).
python=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/build-peers/bin/python
script=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/lineage_events.py
"$python" -c 'import jsonschema, referencing, rfc3339_validator, openlineage.client' 2>/dev/null || {
    echo 'skipped: jsonschema and openlineage-python are not in build-peers/ (./setup --test installs them from PyPI)'
    exit 77
}
. "$(dirname "${BASH_SOURCE[0]}")/../invariants/lib.sh"

check 'every event and every facet is what OpenLineage says it is' "$python" "$script" \
    "$(cd "$data" && pwd)/openlineage"
finish
