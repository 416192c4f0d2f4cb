import { formatShorthand } from '@fivetuple/faults'
import type { ClusterStatus } from '../operations/status-schemas.js'
import { counters } from './counters.js'
import { table } from './table.js'

/** Renders the directions of links that have faults; undefined: there are none. */
export function renderLinkFaults({ lbs }: ClusterStatus): string | undefined {
  const rows = Object.values(lbs).flatMap(({ name, links }) =>
    (['uplink', 'downlink'] as const).flatMap((side) =>
      (['in', 'out'] as const).flatMap((direction) => {
        const { faults, sent, queued, drops } = links[side][direction]
        if (faults.length === 0 && queued === 0) return []
        const texts = faults.map(({ fault, scope }) => {
          const text = `${fault.kind} ${formatShorthand(fault)}`.trim()
          return scope === 'all' ? text : `${text} (${scope})`
        })
        return [[name, side, direction, texts.join(', ') || '-', sent, queued, counters(drops)]]
      }),
    ),
  )
  if (rows.length === 0) return undefined
  return table([['LB', 'LINK', 'DIRECTION', 'FAULTS', 'PACKETS', 'QUEUED', 'DROPPED BY'], ...rows])
}
