#!/bin/sh
# An LB hangs (SIGSTOP) for a while: nobody notices before the hold time ends, and its flows stall.
. "$(dirname -- "$0")/drill.sh"
usage '[lb] [seconds]' "$@"
lb=${1:-lb-1}
inject() { fivetuple hang "$lb"; }
mend() { fivetuple resume "$lb"; }
for_a_while "${2:-5}"
