import type { DataPlaneStatus, ListenFailureStatus, SwitchPortStatus } from '../status.js'
import { sumBudgets } from './flow-budgets.js'
import { newPortCounters, type PortCounters } from './port-counters.js'

/** Counters that only grow. */
export interface CardCounters extends Pick<DataPlaneStatus, 'edge' | 'drops'> {
  readonly ports: readonly (PortCounters & { readonly id: number })[]
  readonly diverted: Pick<DataPlaneStatus['diverted'], 'total' | 'overLimit'>
}

/** Of nothing. */
export const NO_COUNTERS: CardCounters = { ports: [], edge: {}, drops: {}, diverted: { total: 0, overLimit: 0 } }

/** The sum of the counters of several cards. */
export function sumCounters(cards: readonly CardCounters[]): CardCounters {
  const ids = [...new Set(cards.flatMap(({ ports }) => ports.map(({ id }) => id)))]
  return {
    ports: ids.map((id) => {
      const same = cards.flatMap(({ ports }) => ports.filter((port) => port.id === id))
      return {
        id,
        packetsIn: sum(same.map(({ packetsIn }) => packetsIn)),
        bytesIn: sum(same.map(({ bytesIn }) => bytesIn)),
        packetsOut: sum(same.map(({ packetsOut }) => packetsOut)),
        bytesOut: sum(same.map(({ bytesOut }) => bytesOut)),
      }
    }),
    edge: sumEach(cards.map(({ edge }) => edge)),
    diverted: {
      total: sum(cards.map(({ diverted }) => diverted.total)),
      overLimit: sum(cards.map(({ diverted }) => diverted.overLimit)),
    },
    drops: sumEach(cards.map(({ drops }) => drops)),
  }
}

/**
 * Returns the status of several data planes as that of one: counters and flows are summed, and an
 * address counts as listened on if any of them listens there.
 *
 * @param running status of the cards that forward now
 * @param ended counters of cards that have died
 * @param isUp returns true while a port has carrier
 */
export function cardTotals(
  running: readonly DataPlaneStatus[],
  ended: CardCounters,
  isUp: (port: number) => boolean,
  ports: readonly Pick<SwitchPortStatus, 'id' | 'peer' | 'isAdminDown'>[],
): Omit<DataPlaneStatus, 'cards'> {
  const { edge, drops, diverted, ports: counted } = sumCounters([...running, ended])
  const byId = new Map(counted.map((port) => [port.id, port]))
  return {
    ports: ports.map(({ id, peer, isAdminDown }) => ({
      peer,
      up: isUp(id),
      isAdminDown,
      ...(byId.get(id) ?? { id, ...newPortCounters() }),
    })),
    flows: sum(running.map(({ flows }) => flows)),
    budgets: sumBudgets(running.map(({ budgets }) => budgets)),
    edge,
    diverted: { flows: sum(running.map(({ diverted: { flows } }) => flows)), ...diverted },
    drops,
    listening: [...new Set(running.flatMap(({ listening }) => listening))],
    listenFailures: joinListenFailures(running.map(({ listenFailures }) => listenFailures)),
  }
}

/**
 * Returns the failures of a switch's listeners: one for each service that at least one card can't
 * listen for.
 */
export function joinListenFailures(cards: readonly (readonly ListenFailureStatus[])[]): readonly ListenFailureStatus[] {
  return [...new Map(cards.flat().map((failure) => [failure.service, failure])).values()]
}

/** Packets that came in by the member links of a card. */
export function packetsIn({ ports }: Pick<DataPlaneStatus, 'ports'>): number {
  return sum(ports.map((port) => port.packetsIn))
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0)
}

function sumEach(records: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const total: Record<string, number> = {}
  for (const record of records)
    for (const [name, value] of Object.entries(record)) total[name] = (total[name] ?? 0) + value
  return total
}
