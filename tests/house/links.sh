#!/usr/bin/env bash
# Every relative link of every page leads to a file that is there, and to a heading of it where the link
# names one.
. "$(dirname "$0")/check.sh"

# LINE by line "page target", code left out.
links() {
    files '*.md' | while IFS= read -r page; do
        awk '/^```/ {code = !code; next} !code {gsub(/`[^`]*`/, ""); print}' "$page" |
            grep -oE '(\]\([^) ]+\)|(href|src|srcset)="[^"]+")' |
            sed -E 's/^\]\(//; s/\)$//; s/^(href|src|srcset)="//; s/"$//' |
            grep -vE '^(https?|mailto):' | sed "s|^|$page |"
    done
}

# The name of a heading as a link has it: lower case, blanks as hyphens, without punctuation.
headings() {
    awk '/^```/ {code = !code; next} !code && /^#+ / {sub(/^#+ /, ""); print}' "$1" |
        tr '[:upper:]' '[:lower:]' | sed -E 's/[^a-z0-9 _-]//g; s/ /-/g'
}

broken_links() {
    links | sort -u | while read -r page target; do
        file=${target%%#*}
        if [ -z "$file" ]; then file=$page; else file=$(dirname "$page")/$file; fi
        if [ ! -e "$file" ]; then
            echo "$page: $target"
        elif [[ $target == *#* && $file == *.md ]] && ! headings "$file" | grep -qxF -- "${target#*#}"; then
            echo "$page: $target (no such heading)"
        fi
    done
}

broken_links | complain 'a link that leads nowhere'
finish
