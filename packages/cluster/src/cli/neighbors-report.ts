import type { Output } from '../operations/command.js'
import type { Neighbors } from '../operations/status-schemas.js'
import { renderBfd } from './bfd-report.js'
import { renderNeighbors } from './neighbors.js'

/** Output of `fivetuple neighbors`. */
export const neighborsOutput: Output<Neighbors, never> = { text: render }

function render({ switches, lbs, unreachable }: Neighbors): string {
  const nodes = [
    ...switches.map((node) => ({ name: node.name, bgp: renderNeighbors(node), bfd: node.bfd })),
    ...lbs.map(({ name, bgp, bfd }) => ({ name, bgp: `  ${lbSessions(bgp)}\n`, bfd })),
  ]
  const parts = nodes.map(({ name, bgp, bfd }) => {
    const sessions = renderBfd(bfd, '  ')
    return `${name}\n${bgp}${sessions === '' ? '' : `\n${sessions}`}`
  })
  return [...parts, ...unreachable.map(({ name, reason }) => `! ${name}: ${reason}\n`)].join('\n')
}

/** Renders the states of an LB's BGP sessions. @example 'BGP: uplink established, downlink idle' */
function lbSessions(bgp: Neighbors['lbs'][number]['bgp']): string {
  return `BGP: ${Object.entries(bgp)
    .map(([neighbor, state]) => `${neighbor} ${state}`)
    .join(', ')}`
}
