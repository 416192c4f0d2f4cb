#!/bin/sh
# All LBs are restarted, one after the other, each drained before for at most so long and back before the next one goes.
. "$(dirname -- "$0")/drill.sh"
usage '[longest drain of each, such as 10s; 0: not at all]' "$@"
fivetuple rolling-restart --drain "${1:-0}"
echo 'Watch:'
echo '  fivetuple status'
echo '      each LB was gone from ROUTED TO for a moment; its flows that were left, and flows that HASH % M moved, were reset'
