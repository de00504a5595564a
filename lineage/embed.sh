#!/bin/sh
# embed.sh FILE NAME: prints C source that holds FILE as the text NAME.
set -eu
printf '/* Made from %s by lineage/embed.sh. */\n' "$(basename "$1")"
printf 'extern const char %s[];\nconst char %s[] = {\n' "$2" "$2"
od -An -v -td1 "$1" | sed -e 's/^ *//' -e 's/  */,/g' -e 's/$/,/'
printf '0};\n'
