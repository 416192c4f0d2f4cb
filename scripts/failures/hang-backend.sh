#!/bin/sh
# A backend hangs (SIGSTOP) for a while: its kernel still takes connections, but nobody answers them.
. "$(dirname -- "$0")/drill.sh"
usage '[backend] [seconds]' "$@"
backend=${1:-backend-1}
inject() { fivetuple hang "$backend"; }
mend() { fivetuple resume "$backend"; }
for_a_while "${2:-10}"
