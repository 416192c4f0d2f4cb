import type { EdgeEnd, EdgeFlow, HopFate } from './edge-flow.js'

/**
 * A flow as it travels from the client edge to the collector: the whole of its state, so a later
 * row replaces an earlier one. Times are ms on the clock of the sender.
 */
export type EdgeRow = readonly [
  id: number,
  protocol: number,
  client: number,
  clientPort: number,
  vip: number,
  vipPort: number,
  openedAt: number,
  lastAt: number,
  /** 0: it has not ended. */
  endedAt: number,
  bytesFromClient: number,
  bytesToClient: number,
  /**
   * 1 if bytes have gone to the fabric since the last change of the next hop, + 2 if some came
   * back.
   */
  sinceChange: number,
  end: EdgeEnd,
  fate: HopFate,
  fateCause: number,
  /** Port of its first next hop. */
  firstPort: number,
  home: number,
  /** 1: the handshake was completed. UDP flows are established with their first datagram. */
  isEstablished: number,
  changeCount: number,
  /** at, port and cause of each change that is kept. */
  changes: readonly number[],
]

const ROW_LENGTH = 20
const NO_CHANGES: readonly number[] = []

export function edgeRow(flow: EdgeFlow): EdgeRow {
  const { totals } = flow
  const bytesFromClient = totals?.bytesToFabric ?? 0
  const bytesToClient = totals?.bytesFromFabric ?? 0
  const sinceChange =
    (bytesFromClient > flow.bytesFromClientAtChange ? 1 : 0) + (bytesToClient > flow.bytesToClientAtChange ? 2 : 0)
  return [
    flow.id,
    flow.protocol,
    flow.client,
    flow.clientPort,
    flow.vip,
    flow.vipPort,
    flow.openedAt,
    totals?.lastAt ?? flow.openedAt,
    flow.endedAt,
    bytesFromClient,
    bytesToClient,
    sinceChange,
    flow.end,
    flow.fate,
    flow.fateCause,
    flow.firstPort,
    flow.home,
    flow.isEstablished ? 1 : 0,
    flow.changeCount,
    flow.changes?.flatMap(({ at, port, cause }) => [at, port, cause]) ?? NO_CHANGES,
  ]
}

/** Returns a message of another process as a row; undefined if it is none. */
export function asEdgeRow(value: unknown): EdgeRow | undefined {
  if (!Array.isArray(value) || value.length !== ROW_LENGTH) return undefined
  for (let i = 0; i < ROW_LENGTH - 1; i++) if (typeof value[i] !== 'number') return undefined
  const changes: unknown = value[ROW_LENGTH - 1]
  if (!Array.isArray(changes) || changes.length % 3 !== 0) return undefined
  for (const number of changes) if (typeof number !== 'number') return undefined
  return value as unknown as EdgeRow
}
