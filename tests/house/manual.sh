#!/usr/bin/env bash
# The help and the manual page of every command and subcommand: they exist, and mandoc has nothing to
# say against the pages. Without mandoc the pages are only made.
. "$(dirname "$0")/check.sh"
PATH="$1/ingest:$1/clean:$1/features:$PATH"
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT

subcommands() {
    "$1" --help | sed -n '/^Subcommands:/,/^$/s/^  \([a-z-]*\)  .*/\1/p'
}

# One page: $1 the command, $2 the subcommand or nothing.
page() {
    # shellcheck disable=SC2086 # the subcommand may be absent
    "$1" $2 --help >"$folder/help" 2>&1 || echo "$1 $2: --help fails"
    # shellcheck disable=SC2086
    "$1" $2 --man >"$folder/page.1" 2>&1 || echo "$1 $2: --man fails"
    grep -q "^Usage: $1" "$folder/help" || echo "$1 $2: no usage line"
    command -v mandoc >/dev/null || return 0
    mandoc -T lint -W style "$folder/page.1" 2>&1 | sed "s/^/$1 $2: /"
}

for command in tamis-ingest tamis-clean tamis-features; do
    page "$command" '' | complain 'manual'
    for subcommand in $(subcommands "$command"); do
        page "$command" "$subcommand" | complain 'manual'
    done
done
finish
