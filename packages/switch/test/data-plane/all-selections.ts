import { ECMP_SELECTIONS, type EcmpSelection, type EcmpSelectionName } from '@fivetuple/switch'

const OPTIONS = { buckets: 1_024, idleTimerMs: 30_000, unbalancedTimerMs: 0 }

/** A selection as a switch makes it. */
export function selectionOf(name: EcmpSelectionName): EcmpSelection {
  return ECMP_SELECTIONS[name](OPTIONS)
}

/** All of them, by name. */
export function allSelections(): [EcmpSelectionName, EcmpSelection][] {
  const names = Object.keys(ECMP_SELECTIONS) as EcmpSelectionName[]
  return names.map((name) => [name, selectionOf(name)])
}
