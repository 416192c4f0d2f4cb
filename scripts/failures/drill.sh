# Sourced by the drills beside it. A drill injects a fault into the running cluster and clears it after a while,
# also when it is interrupted. What was done and what to watch is printed by the fivetuple command.
#
# FIVETUPLE_BLOCK=127.20.0.0/16 says which cluster is the target if there are several.
set -eu
command=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)/packages/cluster/dist/bin.js

fivetuple() {
  node "$command" "$@" ${FIVETUPLE_BLOCK:+--block "$FIVETUPLE_BLOCK"}
}

# usage "<what it takes>" "$@": answers --help, and wants the command to be built.
usage() {
  takes=$1
  shift
  case "${1-}" in -*)
    sed -n 's/^# //p' "$0"
    echo "Usage: $0 $takes"
    [ "$1" = --help ] || [ "$1" = -h ] || exit 2
    exit 0
    ;;
  esac
  [ -f "$command" ] || { echo "$0: build first: npx -y pnpm@12 build" >&2; exit 1; }
}

# for_a_while <seconds>: inject, wait, clear_fault: both are the drill's own functions.
for_a_while() {
  case "$1" in '' | *[!0-9.]*)
    echo "$0: '$1' is not a number of seconds" >&2
    exit 2
    ;;
  esac
  sleeping=
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  trap 'status=$?; trap - EXIT; [ -z "$sleeping" ] || kill "$sleeping" 2>/dev/null || :; echo; clear_fault || status=$?; exit $status' EXIT
  inject || { status=$?; trap - EXIT; exit $status; }
  echo
  echo "The fault stays for $1 s; Ctrl-C clears it now."
  sleep "$1" & # in the background, so that a signal is not kept waiting
  sleeping=$!
  wait "$sleeping"
  sleeping=
}
