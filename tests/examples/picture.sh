#!/usr/bin/env bash
# The picture on the front page is what the commands of the tutorial draw today, but for times and runs.
# With --accept as second argument it becomes that.
. "$(dirname "${BASH_SOURCE[0]}")/../invariants/lib.sh"
top=$(cd "$here/../.." && pwd)
cp "$top"/examples/tutorial/* .
tamis-ingest orders.csv --into raw/orders --quiet
tamis-clean tamis:raw/orders --recipe recipe.yaml --into clean/orders --quiet
tamis-features define customer.yaml --quiet
tamis-features put customer tamis:clean/orders --quiet
tamis-ingest offers.csv --into raw/offers --quiet
tamis-features join --spine tamis:raw/offers --event-time at --view customer --into training/offers --quiet
tamis-features lineage training/offers --up --depth 2 --columns -o lineage.svg
[ "${2-}" != --accept ] || cp lineage.svg "$top/docs/lineage.svg"

lasting() { sed -E 's/20[0-9]{2}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}/TIME/g; s/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/RUN/g' "$1"; }
lasting lineage.svg >found
lasting "$top/docs/lineage.svg" >shown
check 'the picture is what is drawn today' cmp found shown
check 'it follows the light or dark scheme' grep -q 'prefers-color-scheme:dark' shown
finish
