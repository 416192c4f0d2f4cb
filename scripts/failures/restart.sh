#!/bin/sh
# A role (LB, backend or switch) is stopped in order and started again.
. "$(dirname -- "$0")/drill.sh"
usage '[role]' "$@"
fivetuple restart "${1:-lb-1}"
