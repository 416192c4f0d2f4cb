#!/bin/sh
# A backend responds late for a while, health checks included.
. "$(dirname -- "$0")/drill.sh"
usage '[backend] [delay, such as 300ms] [seconds]' "$@"
backend=${1:-backend-1}
delay=${2:-300ms}
inject() { fivetuple backend slow "$backend" "$delay"; }
clear_fault() { fivetuple backend restore "$backend"; }
for_a_while "${3:-5}"
