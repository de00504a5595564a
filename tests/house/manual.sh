#!/usr/bin/env bash
# The help and the manual page of every command and subcommand: they exist, the installed pages are those
# of all commands, and mandoc has nothing to say against them, not even that a page refers to one that is
# not there. Without mandoc the pages are only made.
. "$(dirname "$0")/check.sh"
build=$(cd "$1" && pwd)
PATH="$build/ingest:$build/clean:$build/features:$PATH"
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
mkdir -p "$folder/man1"

subcommands() {
    # shellcheck disable=SC2086 # words
    $1 --help-all | sed -n '/^Subcommands:/,/^$/s/^  \([a-z-]*\)  .*/\1/p'
}

# One page: $1 the words of the command.
page() {
    local name=${1// /-}
    # shellcheck disable=SC2086 # words
    $1 --help-all >"$folder/help" 2>&1 || echo "$1: --help-all fails"
    # shellcheck disable=SC2086
    $1 --man >"$folder/man1/$name.1" 2>&1 || echo "$1: --man fails"
    grep -q "^Usage: $1 " "$folder/help" || echo "$1: no usage line"
    for section in NAME SYNOPSIS DESCRIPTION OPTIONS ENVIRONMENT 'EXIT STATUS' EXAMPLES 'SEE ALSO'; do
        grep -qx ".Sh $section" "$folder/man1/$name.1" || echo "$1: no section $section"
    done
    find "$build" -maxdepth 2 -name "$name.1" -exec cmp -s {} "$folder/man1/$name.1" \; -print | grep -q . ||
        echo "$1: the build makes no page $name.1: list it in the meson.build of its room"
}

pages() {
    page "$1"
    local subcommand
    for subcommand in $(subcommands "$1"); do pages "$1 $subcommand"; done
}

for command in tamis-ingest tamis-clean tamis-features; do
    pages "$command" | complain 'manual'
done
if command -v mandoc >/dev/null; then
    # stderr: that there is no index of the pages
    MANPATH=$folder mandoc -T lint -W style "$folder"/man1/*.1 2>/dev/null | sed "s|$folder/man1/||" |
        complain 'manual'
fi
finish
