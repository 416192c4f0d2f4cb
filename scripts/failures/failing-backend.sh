#!/bin/sh
# A backend answers a share of its requests with 503 for a while, health checks included.
. "$(dirname -- "$0")/drill.sh"
usage '[backend] [share, such as 30%] [seconds]' "$@"
backend=${1:-backend-1}
share=${2:-30%}
inject() { fivetuple backend fail "$backend" "$share"; }
clear_fault() { fivetuple backend restore "$backend"; }
for_a_while "${3:-5}"
