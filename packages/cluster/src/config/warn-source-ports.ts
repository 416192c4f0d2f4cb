import type { ClusterConfig } from './cluster-config.js'
import { CHECK_PORTS } from './limits.js'
import type { WarningRule } from './warnings.js'

/** Port that a socket of this machine has on all addresses: nothing else can be bound to it. */
export interface BoundPort {
  readonly protocol: 'tcp' | 'udp'
  readonly port: number
}

/**
 * States of /proc/net/tcp and udp in which a socket does not share its port: listening, and bound
 * without a peer.
 */
const STATES = { tcp: '0A', udp: '07' } as const
const PORTS_SHOWN = 8

/** Ports bound on all addresses in the text of `/proc/net/tcp`, `tcp6`, `udp` or `udp6`. */
export function readBoundPorts(text: string, protocol: BoundPort['protocol']): BoundPort[] {
  const ports: BoundPort[] = []
  for (const [, port, state] of text.matchAll(/^ *\d+: 0+:([0-9A-F]{4}) [0-9A-F]+:0000 ([0-9A-F]{2}) /gm))
    if (state === STATES[protocol]) ports.push({ protocol, port: Number.parseInt(port!, 16) })
  return ports
}

/** Makes a rule that warns of source ports of LBs that other programs of this machine use. */
export function warnOfSourcePorts(bound: readonly BoundPort[]): WarningRule {
  return ({ lbSettings, overrides, lbs, vips }, document, warn) => {
    const protocols = new Set(vips.map(({ protocol }) => protocol))
    const relevant = bound.filter(({ protocol }) => protocols.has(protocol))
    const report = ({ nat }: ClusterConfig['lbSettings'], path: readonly string[]): void => {
      const [first, last] = nat.portRange
      const ports = [...new Set(relevant.filter(({ port }) => port >= first - CHECK_PORTS && port <= last).map(name))]
      if (ports.length === 0) return
      const shown = ports.slice(0, PORTS_SHOWN).join(', ')
      const more = ports.length > PORTS_SHOWN ? ` and ${ports.length - PORTS_SHOWN} more` : ''
      warn(
        [...path, 'nat', 'portRange'],
        `is ${first} to ${last}, and other programs of this machine use ${shown}${more} on all addresses`,
        'flows and checks that meet such a port get another one, which status counts as source-port-in-use; choose a range without them, or bind those programs to one address',
      )
    }
    if (Object.keys(overrides).length < lbs) report(lbSettings, [])
    for (const [lb, settings] of Object.entries(overrides))
      if (document.overrides?.[lb]?.nat?.portRange !== undefined) report(settings, ['overrides', lb])
  }
}

function name({ protocol, port }: BoundPort): string {
  return `${protocol} ${port}`
}
