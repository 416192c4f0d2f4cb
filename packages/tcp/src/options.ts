import { strict as assert } from 'node:assert'

/** What all endpoints of one owner have in common. Times in ms, sizes in bytes. */
export interface TcpOptions {
  /** Receive window: the most that is delivered and not consumed, or waits for a gap to close. 16 bytes to 1 GiB. */
  readonly windowBytes: number
  /** The send buffer is full from here on (it takes what it is given all the same), and writable again below half. */
  readonly sendBufferBytes: number
  /** Largest payload we take, as announced in the MSS option; we send no larger one either. 1 to 65,495. */
  readonly mss: number
  /** Longest time an ACK is held back for data to carry it (RFC 9293 §3.8.6.3: under 500). */
  readonly delayedAckMs: number
  readonly rtoInitialMs: number
  readonly rtoMinMs: number
  readonly rtoMaxMs: number
  /** The connection ends when nothing has been acknowledged for this long (R2 of RFC 9293 §3.8.3). */
  readonly giveUpMs: number
  /** Silence after which the peer is probed; Infinity: never. */
  readonly keepAliveMs: number
  /**
   * The same while one side has sent its FIN and the other has not. Longer than a NAT on the path keeps such a connection:
   * then a leftover of a peer that never closes ends there, and the probe finds that out. Infinity: never.
   */
  readonly halfClosedKeepAliveMs: number
  readonly keepAliveIntervalMs: number
  /** Probes without an answer that end the connection. */
  readonly keepAliveProbes: number
  readonly timeWaitMs: number
  /**
   * A chunk that was given to be sent has been acknowledged to its end: whoever gave it may use its memory again. Not called
   * for what is left when a connection ends.
   */
  readonly onAcknowledged?: (chunk: Uint8Array) => void
}

const DEFAULTS: TcpOptions = {
  windowBytes: 256 * 1024,
  sendBufferBytes: 256 * 1024,
  mss: 65_535 - 40, // jumbo packets: the IPv4 limit less both headers
  delayedAckMs: 40,
  rtoInitialMs: 500,
  rtoMinMs: 200,
  rtoMaxMs: 5_000,
  giveUpMs: 10_000,
  keepAliveMs: 5_000,
  halfClosedKeepAliveMs: 5_000,
  keepAliveIntervalMs: 1_000,
  keepAliveProbes: 3,
  timeWaitMs: 500,
}

const WINDOW_MIN_BYTES = 16
/** RFC 7323 §2.3: a window must stay below half the sequence space, which a shift of 14 makes sure of. */
const WINDOW_MAX_BYTES = 2 ** 30

/** Completes options with the defaults for a fabric on one machine. Throws an AssertionError on values out of range. */
export function tcpOptions(overrides: Partial<TcpOptions> = {}): TcpOptions {
  const options = { ...DEFAULTS, ...overrides }
  const { windowBytes, mss, sendBufferBytes, rtoInitialMs, rtoMinMs, rtoMaxMs, delayedAckMs } = options
  assert(windowBytes >= WINDOW_MIN_BYTES && windowBytes < WINDOW_MAX_BYTES, `windowBytes ${windowBytes}`)
  assert(mss >= 1 && mss <= DEFAULTS.mss, `mss ${mss}`)
  assert(sendBufferBytes >= 1, `sendBufferBytes ${sendBufferBytes}`)
  assert(rtoMinMs > 0 && rtoMinMs <= rtoMaxMs && rtoInitialMs > 0 && rtoInitialMs <= rtoMaxMs, 'rto')
  assert(delayedAckMs >= 0 && delayedAckMs < rtoMinMs, `delayedAckMs ${delayedAckMs}`)
  return Object.freeze(options)
}
