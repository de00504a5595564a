#!/usr/bin/env bash
# The twelve modules, in the order of the contract, in the table and in `tamis-clean modules`.
. "$(dirname "$0")/check.sh"
clean=${1:-build}/clean/tamis-clean
twelve='text
missing
types
standardize
images
validate
deduplicate
outliers
impute
mask
labels
normalize'
diff <(echo "$twelve") <(grep -oE '&module_[a-z]+' clean/modules.c | sed 's/&module_//' | awk '!seen[$0]++') |
    grep '^[<>]' | complain 'the table in clean/modules.c'
diff <(echo "$twelve") <("$clean" modules | grep -oE '^ *([0-9]+ +)?[a-z]+' | grep -oE '[a-z]+$' |
    grep -xF "$twelve") | grep '^[<>]' | complain 'tamis-clean modules'
finish
