#!/usr/bin/env bash
# The ```sh blocks of the front page and the tutorial are run in their order, in a fresh folder with a
# fresh store. A ```text block behind one is what it says (stdout and stderr); … stands for anything.
# Usage: blocks.sh BUILD FOLDER PAGE: FOLDER, under the top, is a copy that the blocks are run in; "."
# stands for a folder that looks like the repository itself. Blanks at the ends of lines do not count.
. "$(dirname "${BASH_SOURCE[0]}")/../invariants/lib.sh"
top=$(cd "$here/../.." && pwd)
folder=${2:?the folder} page=$top/${3:?the page}

# Writes blocks/N.sh and, where it has one, blocks/N.text.
mkdir blocks
awk '
    /^```$/ && open {open = 0; last = kind; close(file); next}
    open {print > file; next}
    /^```sh$/ {open = 1; kind = "sh"; n++; file = "blocks/" n ".sh"; printf "" > file; next}
    /^```text$/ && last == "sh" {open = 1; kind = "text"; file = "blocks/" n ".text"; printf "" > file; next}
    /^```/ {open = 1; kind = "other"; file = "/dev/null"; next}
    NF {last = ""}
' "$page"
count=$(find blocks -name '*.sh' | wc -l)
same "$3 has blocks" yes "$([ "$count" -gt 0 ] && echo yes)"

export HOME=$work/home TAMIS=$top
mkdir home
if [ "$folder" = . ]; then
    mkdir repository
    ln -s "$build" repository/build
    ln -s "$top/examples" "$top/lineage" repository/
    cd repository || exit 1
else
    cp -r "$top/$folder" copy
    cd copy || exit 1
fi

# matches FOUND PATTERN: … stands for anything within a line or over several.
matches() {
    local pattern=$2
    pattern=${pattern//\\/\\\\} pattern=${pattern//\*/\\*} pattern=${pattern//\?/\\?} pattern=${pattern//\[/\\[}
    # shellcheck disable=SC2053 # a pattern
    [[ $1 == ${pattern//…/*} ]]
}

# One shell for all blocks, as the reader has one: they share variables and the folder they are in.
for ((n = 1; n <= count; n++)); do
    code=0
    trap 'code=$?' ERR # of any command in the block, not only of its last one
    # shellcheck disable=SC1090 # a block
    . "$work/blocks/$n.sh" >"$work/blocks/$n.found" 2>&1
    trap - ERR
    first=$(head -n 1 "$work/blocks/$n.sh")
    same "block $n ends well: $first" 0 "$code"
    found=$(sed 's/ *$//' "$work/blocks/$n.found")
    if [ -f "$work/blocks/$n.text" ]; then
        check "block $n says what the page shows" matches "$found" "$(cat "$work/blocks/$n.text")"
        matches "$found" "$(cat "$work/blocks/$n.text")" || printf '%s\n' "$found" | sed 's/^/        /'
    elif [ "$code" != 0 ]; then
        printf '%s\n' "$found" | sed 's/^/        /'
    fi
done
finish
