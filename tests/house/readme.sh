#!/usr/bin/env bash
# The commands that README.md shows exist: scripts are there and can be run, subcommands and options
# of the three commands are known to them.
. "$(dirname "$0")/check.sh"
bin=$1 # the build directory
PATH="$bin/ingest:$bin/clean:$bin/features:$PATH"

# Lines of indented or fenced code, continued lines joined.
code_lines() {
    awk '/^```/ {code = !code; next} code || /^    [^ ]/ {print}' README.md |
        sed -e ':a' -e '/\\$/{N;s/\\\n//;ba' -e '}'
}

missing_scripts() {
    code_lines | grep -oE '(^|[ |&;])\./[A-Za-z0-9_./-]+|(^|&& *)(tests|examples)/[A-Za-z0-9_./-]+' |
        sed 's/^[ |&;]*//' | sort -u | while IFS= read -r script; do
        [ -x "$script" ] || echo "$script"
    done
}

# Each `tamis-...` call: its options must be in the help of that command or subcommand.
unknown_options() {
    code_lines | grep -oE 'tamis-(ingest|clean|features)( [^|;&#]*)?' | while read -r command rest; do
        local_sub=
        first=$(echo "$rest" | awk '{print $1}')
        if "$command" --help-all | grep -qE "^  $first  "; then local_sub=$first; fi
        help=$("$command" $local_sub --help-all) || echo "$command $local_sub: no help"
        echo "$rest" | grep -oE -- '(^| )--[a-z-]+' | sort -u | while read -r option; do
            echo "$help" | grep -qE -- "(^|[ ,])$option( |\$)" || echo "$command $local_sub: $option"
        done
    done
}

missing_scripts | complain 'README names a script that is not there'
unknown_options | complain 'README uses an option that is not there'
finish
