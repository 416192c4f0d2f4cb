#!/bin/sh
# An LB's cable to the uplink switch, to the downlink switch, or both, are cut for a while: carrier goes, and so do its routes.
. "$(dirname -- "$0")/drill.sh"
usage '[lb] [uplink|downlink|both] [seconds]' "$@"
lb=${1:-lb-1}
side=${2:-both}
inject() { fivetuple cable cut "$lb" "$side"; }
mend() { fivetuple cable restore "$lb" "$side"; }
for_a_while "${3:-5}"
