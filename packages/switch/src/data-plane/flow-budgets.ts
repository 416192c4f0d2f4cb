import type { ClientEdgeConfig, ServerEdgeConfig, SwitchConfig } from '../config.js'

/** Number of flows that the edge of a switch takes at once, over all its processes. */
export interface FlowBudgets {
  /** File descriptors that each process may have; null: no limit is known. */
  readonly descriptors: number | null
  readonly tcp: number
  /**
   * Flows of UDP that have a socket of their own. A new flow beyond it ends the one that has been
   * idle longest.
   */
  readonly udp: number
  /** TCP flows of health checks, beyond `tcp`: traffic never takes their room. */
  readonly checks: number
}

/**
 * Descriptors of a process that has no connection yet (about 25 of Node.js's own), and as many for
 * what comes and goes.
 */
const BASE_DESCRIPTORS = 64
/**
 * A cable and a BGP session for each LB, and their successors while the former ones are still
 * closing.
 */
const DESCRIPTORS_PER_PORT = 4
const DESCRIPTORS_PER_NEIGHBOR = 2
/**
 * Shares of the room for flows that traffic can't take from health checks, and TCP can't take from
 * UDP.
 */
const CHECKS_SHARE = 1 / 4
const UDP_SHARE = 1 / 4

/**
 * Divides the descriptors of a process among control plane, health checks, TCP and UDP, so that a
 * flood of one of them leaves the others their room.
 *
 * @param config with `edge.tcp.maxFlows`, which holds for TCP and for UDP, of the whole switch
 * @param descriptors that this process may have
 * @param cards processes that have an edge of this switch; each gets an equal part of what is
 * configured
 * @returns the budgets of one process
 */
export function flowBudgets(config: SwitchConfig, descriptors: number, cards: number): FlowBudgets {
  const { edge, ports, bgp } = config
  const max = Math.ceil(edge.tcp.maxFlows / cards)
  const reserved =
    BASE_DESCRIPTORS +
    ports.length * DESCRIPTORS_PER_PORT +
    bgp.neighbors.length * DESCRIPTORS_PER_NEIGHBOR +
    (edge.kind === 'client' ? edge.services.length : 0)
  const room = Math.max(descriptors - reserved, 0)
  const known = Number.isFinite(descriptors) ? descriptors : null
  return {
    descriptors: known,
    ...(edge.kind === 'client' ? clientBudgets(edge, max, room) : serverBudgets(edge, max, room, cards)),
  }
}

type Shares = Omit<FlowBudgets, 'descriptors'>

/** UDP has one socket per service there, whatever the number of flows is. */
function clientBudgets(_edge: ClientEdgeConfig, max: number, room: number): Shares {
  return { tcp: floor(Math.min(max, room)), udp: 0, checks: 0 }
}

/** A protocol that no service carries has no share. */
function serverBudgets(edge: ServerEdgeConfig, max: number, room: number, cards: number): Shares {
  const { checks, hasTcp = true, hasUdp = true } = edge
  const forChecks = floor(Math.min(Math.ceil((checks?.flows ?? 0) / cards), room * CHECKS_SHARE))
  const rest = room - forChecks
  const udpLeast = hasUdp ? Math.min(max, rest * UDP_SHARE) : 0
  const tcp = hasTcp ? floor(Math.min(max, rest - udpLeast)) : 0
  return { tcp, udp: hasUdp ? floor(Math.min(max, rest - tcp)) : 0, checks: forChecks }
}

/** The sum of what processes of one switch have. */
export function sumBudgets(budgets: readonly FlowBudgets[]): FlowBudgets {
  const sum = (of: (budget: FlowBudgets) => number): number => budgets.reduce((total, budget) => total + of(budget), 0)
  const known = budgets.flatMap(({ descriptors }) => descriptors ?? [])
  return {
    descriptors: known.length === 0 ? null : Math.min(...known),
    tcp: sum(({ tcp }) => tcp),
    udp: sum(({ udp }) => udp),
    checks: sum(({ checks }) => checks),
  }
}

function floor(flows: number): number {
  return Math.max(Math.floor(flows), 0)
}
