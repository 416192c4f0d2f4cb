#!/bin/sh
# A backend is paused (SIGSTOP) for a while: its kernel still accepts connections, but they get no response.
. "$(dirname -- "$0")/drill.sh"
usage '[backend] [seconds]' "$@"
backend=${1:-backend-1}
inject() { fivetuple pause "$backend"; }
clear_fault() { fivetuple resume "$backend"; }
for_a_while "${2:-10}"
