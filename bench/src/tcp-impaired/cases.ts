import type { Fault } from '@fivetuple/faults'

/** Impairment of the path between two ends, per direction. */
export interface ImpairedPath {
  readonly name: string
  /** From the end that sends the data. */
  readonly data: readonly Fault[]
  /** From the end that acknowledges. */
  readonly acks: readonly Fault[]
}

const delay = (ms: number): Fault => ({ kind: 'delay', ms })
const both = (name: string, ...faults: readonly Fault[]): ImpairedPath => ({ name, data: faults, acks: faults })

/** Data and ACKs are delayed; only data is impaired. */
const towardsReceiver = (name: string, ms: number, ...faults: readonly Fault[]): ImpairedPath => ({
  name,
  data: [...faults, delay(ms)],
  acks: [delay(ms)],
})

/** Paths that are compared. Delays are one way, so the round trip is twice as long. */
export const IMPAIRED_PATHS: readonly ImpairedPath[] = [
  both('loss-0.1%-5ms', { kind: 'loss', rate: 0.001 }, delay(5)),
  both('loss-1%-5ms', { kind: 'loss', rate: 0.01 }, delay(5)),
  both('loss-5%-5ms', { kind: 'loss', rate: 0.05 }, delay(5)),
  both('loss-0.1%-20ms', { kind: 'loss', rate: 0.001 }, delay(20)),
  both('loss-1%-20ms', { kind: 'loss', rate: 0.01 }, delay(20)),
  both('loss-5%-20ms', { kind: 'loss', rate: 0.05 }, delay(20)),
  both('loss-1%-100ms', { kind: 'loss', rate: 0.01 }, delay(100)),
  both('burst-1%-20ms', { kind: 'gilbert-elliott', p: 0.0025, r: 0.25 }, delay(20)),
  towardsReceiver('reorder-1%-20ms', 20, { kind: 'reorder', rate: 0.01, byMs: 20 }),
  towardsReceiver('reorder-10%-20ms', 20, { kind: 'reorder', rate: 0.1, byMs: 20 }),
  both('jitter-20ms±5ms', { kind: 'delay', ms: 20, jitterMs: 5, reorders: true }),
  towardsReceiver('rate-10mbit-20ms', 20, { kind: 'rate', bitsPerSecond: 10e6, bufferPackets: 30 }),
  both('duplicate-5%-20ms', { kind: 'loss', rate: 0.01 }, { kind: 'duplicate', rate: 0.05 }, delay(20)),
  {
    name: 'ack-loss-20%-20ms',
    data: [{ kind: 'loss', rate: 0.01 }, delay(20)],
    acks: [{ kind: 'loss', rate: 0.2 }, delay(20)],
  },
]
