import { type Fault, FaultChain, seededRandom } from '@fivetuple/faults'

/** Times of the deliveries of each packet that passes a fault. */
export interface Run {
  /** Time at which each packet enters, ms. */
  readonly sent: readonly number[]
  /** Times of deliveries per packet. */
  readonly deliveries: readonly (readonly number[])[]
  readonly chain: FaultChain
}

/** Sends `count` packets of `bytes` through faults, one every `everyMs`. */
export function run(faults: readonly Fault[], { seed = 7, count = 10_000, everyMs = 1, bytes = 1_000 } = {}): Run {
  const chain = new FaultChain()
  const random = seededRandom(seed)
  for (const [i, fault] of faults.entries()) chain.add(`${i}`, fault, random, 0)
  const sent = Array.from({ length: count }, (_, i) => i * everyMs)
  return { sent, deliveries: sent.map((now) => chain.impair(bytes, now)), chain }
}

/** Share of packets for which the condition holds. */
export function share(run: Run, holds: (deliveries: readonly number[], i: number) => boolean): number {
  return run.deliveries.filter(holds).length / run.deliveries.length
}
