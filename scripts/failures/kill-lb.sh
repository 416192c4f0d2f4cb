#!/bin/sh
# An LB dies and is kept stopped for a while. Its flows are reset; with HASH % M so are flows of others, twice.
. "$(dirname -- "$0")/drill.sh"
usage '[lb] [seconds]' "$@"
lb=${1:-lb-1}
inject() { fivetuple kill "$lb" --keep-stopped; }
clear_fault() { fivetuple start "$lb"; }
for_a_while "${2:-5}"
