#!/bin/sh
# An LB is paused (SIGSTOP) for a while: nothing detects it before the hold time ends, and its flows stall.
. "$(dirname -- "$0")/drill.sh"
usage '[lb] [seconds]' "$@"
lb=${1:-lb-1}
inject() { fivetuple pause "$lb"; }
clear_fault() { fivetuple resume "$lb"; }
for_a_while "${2:-5}"
