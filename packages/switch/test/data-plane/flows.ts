import type { FiveTuple, FlowHash } from '@fivetuple/packet'

const VIP = 0x7f140a01 // 127.20.10.1
const CLIENT_POOL = 0x7f146400 // 127.20.100.0

/** `count` flows as many clients make them: one ephemeral port each. */
export function flowsOfManyClients(count: number): FiveTuple[] {
  return Array.from({ length: count }, (_, i) => flow(CLIENT_POOL + i, 32_768 + ((i * 7919) % 28_232)))
}

/** `count` flows of one client whose kernel steps the source port by `step` (Linux: 2). */
export function flowsOfOneClient(count: number, step: number): FiveTuple[] {
  return Array.from({ length: count }, (_, i) => flow(CLIENT_POOL + 7, 32_768 + i * step))
}

export function hashOf(t: FiveTuple, hash: FlowHash, seed: number): number {
  return hash(t.sourceAddress, t.destinationAddress, t.sourcePort, t.destinationPort, t.protocol, seed)
}

/** Pearson's statistic of `counts` against an even spread. */
export function chiSquare(counts: readonly number[]): number {
  const expected = counts.reduce((sum, count) => sum + count, 0) / counts.length
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
}

/** Upper 0.1 % points of the chi-square distribution by degrees of freedom, from any statistics table. */
const CHI_SQUARE_LIMITS = [0, 10.828, 13.816, 16.266, 18.467, 20.515, 22.458, 24.322, 26.124, 27.877]

/** What {@link chiSquare} of an even spread over `m` next hops, 2 to 10, exceeds in one of a thousand cases only. */
export function chiSquareLimit(m: number): number {
  return CHI_SQUARE_LIMITS[m - 1]!
}

function flow(sourceAddress: number, sourcePort: number): FiveTuple {
  return { sourceAddress, destinationAddress: VIP, sourcePort, destinationPort: 8080, protocol: 6 }
}
