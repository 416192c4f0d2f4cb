#!/bin/sh
# A link of an LB is impaired for a while. All further arguments are those of 'fivetuple link impair'; default: --delay 50ms --loss 1%.
. "$(dirname -- "$0")/drill.sh"
usage '[lb] [uplink|downlink|both] [seconds] [--in|--out] [--<fault> <fields>]...' "$@"
lb=${1:-lb-1}
side=${2:-uplink}
seconds=${3:-5}
[ $# -ge 3 ] && shift 3 || shift $#
[ $# -gt 0 ] || set -- --delay 50ms --loss 1%
arguments=$(printf ' %s' "$@")
# shellcheck disable=SC2086 # the arguments of faults have no spaces
inject() { fivetuple link impair "$lb" "$side" $arguments; }
clear_fault() { fivetuple link restore "$lb" "$side"; }
for_a_while "$seconds"
