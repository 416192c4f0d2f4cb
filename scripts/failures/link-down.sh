#!/bin/sh
# The links of an LB to the uplink switch, the downlink switch or both are down for a while: its routes go with the carrier.
. "$(dirname -- "$0")/drill.sh"
usage '[lb] [uplink|downlink|both] [seconds]' "$@"
lb=${1:-lb-1}
side=${2:-both}
inject() { fivetuple link down "$lb" "$side"; }
clear_fault() { fivetuple link up "$lb" "$side"; }
for_a_while "${3:-5}"
