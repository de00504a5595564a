#!/usr/bin/env bash
# tests/invariants/commit_rate.c in a folder of its own.
. "$(dirname "$0")/lib.sh"
check 'nothing is lost, at 0.6 or more of bare SQLite' "$2" "$work"
finish
