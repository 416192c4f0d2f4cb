#!/bin/sh
# A backend dies and is kept stopped for a while: what it was working on is lost, and new flows are given to others.
. "$(dirname -- "$0")/drill.sh"
usage '[backend] [seconds]' "$@"
backend=${1:-backend-1}
inject() { fivetuple kill "$backend" --keep-stopped; }
clear_fault() { fivetuple start "$backend"; }
for_a_while "${2:-5}"
